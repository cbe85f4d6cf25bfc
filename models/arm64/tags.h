/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory tags (FEAT_MTE2): four bits for each 16 bytes of memory, and the comparison with an address's own. */
#ifndef MODEL_ARM64_TAGS_H
#define MODEL_ARM64_TAGS_H

#include <linux/types.h>
#include "cpu.h"

#define ARM64_TAG_BYTES 16
#define ARM64_TAG_OF(addr) ((addr) >> 56 & 0xf)

/* Gives the machine tags, once. Until they are set they have a value that no software has asked for. */
void arm64_tags_boot(void);
/* The tag of the 16 bytes around a physical address. Outside of memory there is none: 0, and stores are ignored. */
u8 arm64_load_tag(u64 pa);
void arm64_store_tag(u64 pa, u8 tag);

/* Returns whether EL1 (user: EL0) of a guest has access to tags: HCR_EL2.ATA, SCTLR_EL1.ATA or ATA0. */
bool arm64_tags_on(const struct arm64_cpu *c, bool user);
/*
 * What is left to do when a guest's access to va has been translated: compares the tags if the access is checked.
 * Returns false with *f filled, a synchronous Tag Check Fault. An asynchronous one is noted in TFSR(E0)_EL1. Reports
 * memory of a guest that has tags, and whose own nobody has set since it was allocated.
 */
bool arm64_tags_accessed(struct arm64_cpu *c, u64 va, const struct arm64_access *a, const struct arm64_xlat *x,
			 struct arm64_fault *f);

#endif
