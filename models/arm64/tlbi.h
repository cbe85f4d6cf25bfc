/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLB maintenance instructions: what each one names, and which entries of a TLB it removes. Arm ARM, C5.5 "A64 system
 * instructions for TLB maintenance", D8.17 "TLB maintenance".
 *
 * Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_ARM64_TLBI_H
#define MODEL_ARM64_TLBI_H

#include "tlb.h"

/* The operation, decoded together with the state of the CPU that executes it. */
struct arm64_tlbi {
	bool stage1, stage2;	/* removes what stage 1 made (combined entries too), what stage 2 alone made */
	bool el2;		/* of the EL2&0 regime, else of EL1&0 */
	bool any_vmid, any_asid;
	bool nonglobal;		/* ASIDE1: global leaves stay */
	bool by_address, leaf_only;
	bool broadcast;		/* to the Inner Shareable domain, which all CPUs belong to */
	uint8_t level;		/* hint: the leaf's level, or ARM64_NO_LEVEL */
	uint8_t granule;	/* hint: of the tables, log2 of bytes, or 0 */
	uint16_t vmid, asid;
	uint64_t start, end;	/* addresses, virtual or intermediate physical; end: the last byte */
};

/* What the executing CPU contributes. */
struct arm64_tlbi_state {
	const struct arm64_features *have;
	uint64_t hcr;
	unsigned int vmid;
	bool el1;		/* a guest executes it: HCR_EL2.FB broadcasts local operations */
};

/*
 * Decodes "vae1is" and so on; arg is its operand, or 0. OS forms count as IS, nXS forms as their plain ones. Returns
 * NULL, or why the CPU does not execute it: an unknown name, or a feature that it lacks.
 */
const char *arm64_tlbi_decode(const char *name, uint64_t arg, const struct arm64_tlbi_state *s,
			      struct arm64_tlbi *out);
/*
 * Returns whether a DSB with this option ("sy", "ish", "nsh", "ishst", ...) completes the operation: one for loads or
 * stores alone completes none, and NSH only a local one.
 */
bool arm64_dsb_waits(const char *option, const struct arm64_tlbi *op);
/* Returns whether the operation removes the entry, the table descriptor. */
bool arm64_tlbi_hits(const struct arm64_tlbi *op, const struct arm64_tlb_entry *e);
bool arm64_tlbi_hits_table(const struct arm64_tlbi *op, const struct arm64_tlb_table *e);
/* Executes it on one TLB. Returns how many entries and table descriptors it removed. */
unsigned int arm64_tlbi(struct arm64_tlb *t, const struct arm64_tlbi *op);

#endif
