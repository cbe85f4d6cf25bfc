/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB of one CPU. Entries stay until an instruction clears them or a deterministic eviction removes them.
 * Principles of Operation, chapter 3, "Translation-Lookaside Buffer"; chapter 10: IPTE, IDTE, CRDTE, CSP, CSPG, PTLB.
 *
 * An entry knows the ASCE and the table entries that it was formed from, because the clearing instructions name those:
 * IPTE names a page-table entry, IDTE and CRDTE name a region- or segment-table entry or an ASCE. So if a host address
 * space and a gmap share a page table, one IPTE clears the entries of both.
 *
 * Invariants (s390_tlb_validate): a page is held at most once per (kind, space, origin, asce, level, page); page and
 * frame are aligned to the entry's size; every valid entry is on exactly one hash chain, and on the right one; the
 * counts per level agree.
 *
 * Not locked: the user holds the lock that the owner keeps beside it, also to clear it for another CPU. Needs nothing
 * of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_S390X_TLB_H
#define MODEL_S390X_TLB_H

#include "../common/bits.h"
#include "walk.h"

enum s390_tlb_kind {
	TLB_HOST,	/* from a host address, or a guest-absolute one, to host absolute */
	TLB_GUEST,	/* from a guest's address to guest absolute, by the guest's own tables */
};

struct s390_tlb_entry {
	uint64_t asce;		/* the tables it was formed from; only the bits of TLB_ASCE_MASK */
	uint64_t space;		/* guest entries: the host ASCE of that guest; else 0 */
	uint64_t origin;	/* guest entries: where that guest's storage begins in its space (mso); else 0 */
	uint64_t page;		/* address >> 12 of the first 4 KiB page; a multiple of the entry's size */
	uint64_t frame;		/* real or absolute address >> 12 of that first page */
	uint64_t via[DAT_NR_LEVELS]; /* as in struct dat_result */
	uint64_t raw;		/* the last table entry as it was */
	uint8_t kind;		/* enum s390_tlb_kind */
	uint8_t level;		/* enum dat_level: the size of what it maps */
	uint8_t protect;	/* no stores (DAT protection) */
	uint8_t iep;		/* no instruction fetches */
	uint16_t next;		/* hash chain: index + 1, or 0 at the end */
};

/* The parts of an ASCE that a clearing instruction compares: origin, real-space control, designation type. */
#define TLB_ASCE_MASK (DAT_ASCE_ORIGIN | DAT_ASCE_R | DAT_ASCE_DT)

#define S390_TLB_ENTRIES 1024
#define S390_TLB_CHAINS 1024	/* a power of two */

struct s390_tlb {
	struct s390_tlb_entry entry[S390_TLB_ENTRIES];
	uint64_t valid[S390_TLB_ENTRIES / 64];	/* a bit for each entry, so that a search skips the others */
	uint16_t chain[S390_TLB_CHAINS];	/* index + 1 of the first entry */
	uint32_t count[DAT_NR_LEVELS];		/* valid entries per level */
	uint32_t hand;				/* next victim, round robin */
	uint64_t evictions;
};

/* Loops over the valid entries of t, in the order of their indices i. The loop may clear the entry. */
#define s390_tlb_for_each(t, i)	model_for_each_bit((t)->valid, S390_TLB_ENTRIES, i)

void s390_tlb_init(struct s390_tlb *t);
/* Returns the entry that translates addr, or NULL. space and origin: 0 for TLB_HOST. */
struct s390_tlb_entry *s390_tlb_lookup(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin,
				       uint64_t asce, uint64_t addr);
/* Enters what a successful walk of asce for addr found; replaces an entry for the same page. */
void s390_tlb_fill(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin, uint64_t asce,
		   uint64_t addr, const struct dat_result *r);

/* Each returns how many entries it cleared. Entries of a guest's space are cleared whatever their origin. */
/* PTLB, CSP, CSPG: all. */
unsigned int s390_tlb_flush_all(struct s390_tlb *t);
/* IPTE, IDTE, CRDTE of one table entry: clears what was formed from the entry at this address. */
unsigned int s390_tlb_flush_entry(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t where);
/* IDTE and CRDTE by ASCE. */
unsigned int s390_tlb_flush_asce(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t asce);
/* A guest's own PTLB, CSP or CSPG: clears that guest's entries only. */
unsigned int s390_tlb_flush_guest(struct s390_tlb *t, uint64_t space);

/* Returns NULL, or what is wrong. */
const char *s390_tlb_validate(const struct s390_tlb *t);

#endif
