/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB of one CPU. Entries stay until an instruction clears them or a deterministic eviction removes them.
 * Principles of Operation, chapter 3, "Translation-Lookaside Buffer"; chapter 10: IPTE, IDTE, CRDTE, CSP, CSPG, PTLB.
 *
 * An entry knows the ASCE and the table entries that it was formed from, because the clearing instructions name those:
 * IPTE names a page-table entry, IDTE and CRDTE name a region- or segment-table entry or an ASCE. So if a host address
 * space and a gmap share a page table, one IPTE clears the entries of both.
 *
 * Invariants (s390_tlb_validate): those of common/assoc.h, where space, origin and asce tell entries apart; the frame
 * is aligned to the entry's size; a host entry has neither space nor origin.
 *
 * Not locked: the user holds the lock that the owner keeps beside it, also to clear it for another CPU. Needs nothing
 * of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_S390X_TLB_H
#define MODEL_S390X_TLB_H

#include "../common/assoc.h"
#include "walk.h"

enum s390_tlb_kind {
	TLB_HOST,	/* from a host address, or a guest-absolute one, to host absolute */
	TLB_GUEST,	/* from a guest's address to guest absolute, by the guest's own tables */
};

struct s390_tlb_entry {
	ASSOC_ENTRY;		/* level: enum dat_level, the size of what it maps; kind: enum s390_tlb_kind */
	/* The key. */
	uint64_t asce;		/* the tables it was formed from; only the bits of TLB_ASCE_MASK */
	uint64_t space;		/* guest entries: the host ASCE of that guest; else 0 */
	uint64_t origin;	/* guest entries: where that guest's storage begins in its space (mso); else 0 */
	/* The translation. */
	uint64_t frame;		/* real or absolute address >> 12 of the first page */
	uint64_t via[DAT_NR_LEVELS]; /* as in struct dat_result */
	uint64_t raw;		/* the last table entry as it was */
	uint8_t protect;	/* no stores (DAT protection) */
	uint8_t iep;		/* no instruction fetches */
};

/* The parts of an ASCE that a clearing instruction compares: origin, real-space control, designation type. */
#define TLB_ASCE_MASK (DAT_ASCE_ORIGIN | DAT_ASCE_R | DAT_ASCE_DT)

#define S390_TLB_ENTRIES 1024

struct s390_tlb {
	struct assoc assoc;
	struct s390_tlb_entry entry[S390_TLB_ENTRIES];
};

/* Loops over the valid entries of t, in the order of their indices i. The loop may drop the entry. */
#define s390_tlb_for_each(t, i)	assoc_for_each(&(t)->assoc, S390_TLB_ENTRIES, i)

/* Returns the entry that translates addr, or NULL. space and origin: 0 for TLB_HOST. */
struct s390_tlb_entry *s390_tlb_lookup(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin,
				       uint64_t asce, uint64_t addr);
/* Enters what a successful walk of asce for addr found; replaces an entry for the same page. */
void s390_tlb_fill(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin, uint64_t asce,
		   uint64_t addr, const struct dat_result *r);

/* Each returns how many entries it removed. Entries of a guest's space are removed whatever their origin. */
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
