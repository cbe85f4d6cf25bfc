/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Break-before-make: a valid descriptor may be replaced by another valid one with another output address, size or
 * memory type only after it was invalid, and TLB maintenance for it has completed. Arm ARM, D8.17.1 "Using
 * break-before-make when updating translation table entries". Rights, access flag and dirty state may change without.
 *
 * A TLB shows when it was left out: an entry made from the old descriptor, on any CPU, meets one made from the new one
 * (arm64_bbm_conflict), or the descriptor as it is now (arm64_bbm_compare).
 *
 * Stage 2 of guests, and stage 1 of the host's own processes, are judged. What a guest does in its own tables is its
 * own business.
 *
 * Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_ARM64_BBM_H
#define MODEL_ARM64_BBM_H

#include "tlb.h"

enum arm64_bbm {
	ARM64_BBM_SAME,		/* equal but for what may change */
	ARM64_BBM_INVALID,	/* only from arm64_bbm_compare(): the descriptor is not valid now */
	ARM64_BBM_ADDRESS,	/* another output address */
	ARM64_BBM_SIZE,		/* another level, contiguous bit, or a table instead of a leaf */
	ARM64_BBM_TYPE,		/* memory type, shareability; stage 1: global or not */
};

/* Returns "output address" and so on, for messages. */
const char *arm64_bbm_name(enum arm64_bbm what);

/*
 * Compares a leaf descriptor that an entry was made from with what is at that place now. It is at a level whose leaves
 * have the table bit (level 3) or not.
 */
enum arm64_bbm arm64_bbm_compare(const struct arm64_tlb_stage *stage, bool stage2, uint64_t now);
/* The same for a table descriptor. */
enum arm64_bbm arm64_bbm_compare_table(const struct arm64_tlb_table *table, uint64_t now);

/*
 * Returns whether two entries, by arm64_tlb_where(), have no address in common, or are of a process and of a guest.
 * This is all that there is to say of nearly every pair.
 */
static inline bool arm64_bbm_apart(uint64_t a, uint64_t b)
{
	uint64_t size_a = a & ARM64_WHERE_SIZE, size_b = b & ARM64_WHERE_SIZE;

	return ((a ^ b) & ARM64_WHERE_EL2) ||
	       (a ^ b) >> (12 + arm64_tlb_size_shift[size_a > size_b ? size_a : size_b]);
}

/*
 * Compares two entries, of any TLBs: do they translate one address of the same space, but differently? bbml2: sizes may
 * differ.
 */
enum arm64_bbm arm64_bbm_conflict(const struct arm64_tlb_entry *a, const struct arm64_tlb_entry *b, bool bbml2);
/* Compares an entry, and a table descriptor, with a table descriptor in the same way. */
enum arm64_bbm arm64_bbm_conflict_table(const struct arm64_tlb_entry *a, const struct arm64_tlb_table *b, bool bbml2);
enum arm64_bbm arm64_bbm_conflict_tables(const struct arm64_tlb_table *a, const struct arm64_tlb_table *b);

/*
 * What has been compared already. To look at all entries of all TLBs for each entry that is filled would be slow. It is
 * only of use if the translation of its address is another one than last time, or has another size. A slot for each
 * address, space and size has a hash of the last translation, and of the slots for the larger sizes around it. 0: there
 * was none.
 *
 * Threads of several CPUs use it at once; each word is accessed atomically. All zero is empty.
 */
#define ARM64_BBM_PAGES 65536	/* a power of two, like the next */
#define ARM64_BBM_LARGER 4096

struct arm64_bbm_seen {
	uint64_t page[ARM64_BBM_PAGES];	/* of 4 KiB; direct-mapped, like the next */
	uint64_t larger[ARM64_TLB_SIZES - 1][ARM64_BBM_LARGER];
};

/*
 * Returns whether this translation, of stage 2 alone or of EL2, needs no comparison: it was the last one that was asked
 * about for its address, or it is a page of stage 2 that no entry has translated so far. Else remembers it, and the
 * caller must compare it. The entry is in its TLB already, so that of two CPUs with a new page one finds the other's.
 */
bool arm64_bbm_seen(struct arm64_bbm_seen *s, const struct arm64_tlb_entry *e);

#endif
