/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One access's address translation: the TLB, else the walks of both stages, which fill it. Arm ARM, D8.
 *
 * What a TLB entry allows counts, whatever the tables say by now: an entry without a right makes a permission fault,
 * and stays. Faults other than those, and descriptors without access flag, are never cached.
 *
 * Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_ARM64_XLATE_H
#define MODEL_ARM64_XLATE_H

#include "tlb.h"
#include "walk.h"

/* A regime as one CPU has it now, with what a translation in it uses. */
struct arm64_mmu {
	const struct arm64_features *have;
	const struct arm64_memory *memory;
	struct arm64_tlb *tlb;
	const struct arm64_regime *s1;
	const struct arm64_stage2_regs *s2;	/* also says whether stage 2, and HCR_EL2.DC, are on */
	bool el2;	/* EL2&0: no stage 2 */
};

/* Entries of the TLB that one translation can fill: stage 2 of four tables and of the access, and both combined. */
#define ARM64_XLAT_FILLS 6

struct arm64_xlat {
	struct arm64_fault fault;
	uint64_t pa, ipa;
	uint8_t shift;		/* log2 of the bytes around addr that are translated alike */
	uint8_t rights;		/* enum arm64_rights of both stages */
	uint8_t memtype, s1_memtype;	/* enum arm64_memtype */
	bool hit;		/* without a walk */
	unsigned int nr_filled;
	uint16_t filled[ARM64_XLAT_FILLS];	/* indices in tlb->entry */
};

/* Returns whether stage 2 is on in this regime. */
static inline bool arm64_has_stage2(const struct arm64_mmu *m)
{
	return !m->el2 && (m->s2->hcr & (ARM64_HCR_VM | ARM64_HCR_DC));
}

/* Returns the tag of this regime's entries: those that its next translation finds, besides global ones. */
uint64_t arm64_current_tag(const struct arm64_mmu *m);

/*
 * Translates addr for one access that lies within a page. AT (a->at) neither fills nor changes anything. Returns false
 * with x->fault filled.
 */
bool arm64_xlate(const struct arm64_mmu *m, uint64_t addr, const struct arm64_access *a, struct arm64_xlat *x);

#endif
