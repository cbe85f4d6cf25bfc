/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB of one CPU, with its caches of table descriptors. Entries stay until a TLBI (tlbi.h) that applies to them, or
 * a deterministic eviction, removes them. Arm ARM, D8.16 "Translation Lookaside Buffers" and D8.17 "TLB maintenance".
 *
 * Three kinds of entries:
 *
 * ARM64_TLB_EL2	EL2&0, stage 1 only: virtual to physical address; tagged by ASID unless global
 * ARM64_TLB_EL1	EL1&0, both stages combined: virtual to physical; tagged by VMID, and by ASID unless global
 * ARM64_TLB_IPA	stage 2 alone: intermediate physical to physical; tagged by VMID
 *
 * TLBI of stage 2 (IPAS2E1 and its range forms) removes ARM64_TLB_IPA entries and nothing else. The architecture allows
 * combined entries to stay, so they stay: a hypervisor must remove them by VMALLE1 or the like.
 *
 * An entry knows the descriptors that it was made from, for bbm.h.
 *
 * Invariants (arm64_tlb_validate): those of common/assoc.h, where the tag tells entries apart; the output address is
 * aligned to the entry's size; only ARM64_TLB_EL1 and ARM64_TLB_EL2 entries have an ASID; an entry without stage 1 has
 * no stage 1 level; where[] says what a valid entry maps.
 *
 * Not locked: the user holds the lock that the owner keeps beside it, also to flush it for another CPU. Needs nothing
 * of the kernel, so that unit tests can use it. All zero is empty.
 */
#ifndef MODEL_ARM64_TLB_H
#define MODEL_ARM64_TLB_H

#include "../common/assoc.h"
#include "walk.h"

enum arm64_tlb_kind {
	ARM64_TLB_EL2,
	ARM64_TLB_EL1,
	ARM64_TLB_IPA,
};

/* The level of a stage that was not walked: stage 1 was off, or the regime has no stage 2. */
#define ARM64_NO_LEVEL 0xff

/* What one stage contributed to an entry. */
struct arm64_tlb_stage {
	uint64_t desc_pa, desc;	/* the leaf descriptor, as struct arm64_leaf has it */
	uint64_t root;		/* the tables that it was found in: address of the first one */
	uint8_t level;		/* or ARM64_NO_LEVEL */
	uint8_t granule;	/* log2 of bytes */
	uint8_t size;		/* log2 of the bytes that this stage's leaf maps */
	uint8_t rights;		/* enum arm64_rights */
	bool dirty;		/* as in struct arm64_leaf */
};

/* assoc.h's level is the number of the entry's size, see arm64_tlb_shift(). */
struct arm64_tlb_entry {
	ASSOC_ENTRY;
	uint64_t tag;		/* the key, arm64_tlb_tag() */
	uint64_t pa;		/* of the first byte */
	uint64_t ipa;		/* ARM64_TLB_EL1 and ARM64_TLB_IPA: of the first byte */
	struct arm64_tlb_stage s1, s2;
	uint8_t memtype;	/* enum arm64_memtype, of both stages, for data */
	uint8_t fetch_memtype;	/* for instructions: differs with stage 1 off */
	uint8_t s1_memtype;	/* of stage 1 alone, for data: whose alignment fault it is */
};

/* A cached table descriptor. */
struct arm64_tlb_table {
	uint64_t prefix;	/* of its addresses: address >> shift of the level */
	uint64_t tag;		/* arm64_tlb_tag(), with the ASID also where leaves may be global */
	uint64_t table;		/* what it leads to */
	uint64_t root;		/* the tables that it was found in */
	uint64_t desc_pa, desc;
	uint8_t kind;		/* enum arm64_tlb_kind: IPA for stage 2, else stage 1 */
	uint8_t level;		/* of the table that holds the descriptor */
	uint8_t shift;		/* log2 of the bytes that the descriptor stands for */
	uint8_t granule;
	uint8_t rights;		/* that it and those above it leave */
	bool valid;
};

#define ARM64_TLB_ENTRIES 1024
#define ARM64_TLB_SIZES 8
#define ARM64_TLB_TABLES 64	/* a power of two; direct-mapped by prefix, level and kind */

struct arm64_tlb {
	struct assoc assoc;
	struct arm64_tlb_entry entry[ARM64_TLB_ENTRIES];
	uint64_t where[ARM64_TLB_ENTRIES];	/* arm64_tlb_where() of each, for who looks at all of them */
	struct arm64_tlb_table table[ARM64_TLB_TABLES];
};

/* Loops over the valid entries of t, in the order of their indices i. The loop may drop the entry. */
#define arm64_tlb_for_each(t, i)	assoc_for_each(&(t)->assoc, ARM64_TLB_ENTRIES, i)
/* Loops over the valid table descriptors. */
#define arm64_tlb_for_each_table(t, i)				\
	for ((i) = 0; (i) < ARM64_TLB_TABLES; (i)++)		\
		if ((t)->table[i].valid)

/* Bits of a tag: ASID in 0 to 15, VMID in 16 to 31, and these. */
#define ARM64_TAG_GLOBAL (1ULL << 32)	/* any ASID; the ASID is 0 */
#define ARM64_TAG_OFF (1ULL << 33)	/* made with stage 1 off; also global */

static inline uint64_t arm64_tlb_tag(unsigned int vmid, unsigned int asid)
{
	return (uint64_t)vmid << 16 | asid;
}

static inline unsigned int arm64_tag_vmid(uint64_t tag)
{
	return tag >> 16 & 0xffff;
}

static inline unsigned int arm64_tag_asid(uint64_t tag)
{
	return tag & 0xffff;
}

/* log2 of the bytes of each size, over that of 4 KiB. */
extern const uint8_t arm64_tlb_size_shift[ARM64_TLB_SIZES];

/* log2 of the bytes that an entry maps. */
static inline unsigned int arm64_tlb_shift(const struct arm64_tlb_entry *e)
{
	return 12 + arm64_tlb_size_shift[e->level];
}

/*
 * What an entry maps, in one word: the address of its first byte, intermediate physical for a guest; in the low bits
 * the number of its size, and whether it is of EL2.
 */
#define ARM64_WHERE_SIZE 7ULL
#define ARM64_WHERE_EL2 8ULL

static inline uint64_t arm64_tlb_where(const struct arm64_tlb_entry *e)
{
	return e->level | (e->kind == ARM64_TLB_EL2 ? e->page << 12 | ARM64_WHERE_EL2 : e->ipa);
}

/*
 * Returns the entry that translates addr, or NULL: one with this tag, or a global one of the same VMID. With
 * ARM64_TAG_OFF only one with exactly this tag.
 */
struct arm64_tlb_entry *arm64_tlb_lookup(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr);
/*
 * Enters a translation of addr. *e has tag, kind, both stages, memory types, and pa and ipa of addr itself; the rest
 * (size, page and alignment) follows from the sizes of the stages. Replaces an entry for the same page.
 * Returns the entry.
 */
struct arm64_tlb_entry *arm64_tlb_fill(struct arm64_tlb *t, uint64_t addr, const struct arm64_tlb_entry *e);
/* Removes the entry for addr, if there is one: a new walk is about to replace it. */
void arm64_tlb_drop(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr);

/* Enters the table descriptors that a walk of *tables for addr used, successful or not. */
void arm64_tlb_fill_tables(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag,
			   const struct arm64_tables *tables, uint64_t addr, const struct arm64_leaf *leaf);
/* Finds the cached table descriptor nearest to the leaf. Returns false if there is none. */
bool arm64_tlb_start(const struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag,
		     const struct arm64_tables *tables, uint64_t addr, struct arm64_start *start);

/* Removes all entries and table descriptors (reset). Returns how many. */
unsigned int arm64_tlb_flush_all(struct arm64_tlb *t);
/*
 * Removes the entries and table descriptors for which the functions return true. tlbi.h has the architecture's
 * operations. Returns how many.
 */
unsigned int arm64_tlb_flush(struct arm64_tlb *t, bool (*entry)(const void *entry, const void *arg),
			     bool (*table)(const struct arm64_tlb_table *table, const void *arg), const void *arg);

/* Returns NULL, or what is wrong. */
const char *arm64_tlb_validate(const struct arm64_tlb *t);

#endif
