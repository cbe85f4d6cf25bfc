/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a TLB that all architectures share: an array of entries with hash chains, valid bits and eviction. The
 * architecture says what tells its entries apart beside page, level and kind, and which of them a flush removes.
 *
 * Invariants (assoc_validate): a page is held at most once per (level, kind, key); page is aligned to the entry's
 * level; a valid entry is in the array of its level; every valid entry is on exactly one hash chain, and on the right
 * one; the counts per level agree.
 *
 * Not locked. Needs nothing of the kernel, so that unit tests can use it. All zero is empty.
 */
#ifndef MODEL_COMMON_ASSOC_H
#define MODEL_COMMON_ASSOC_H

#include "bits.h"

#define ASSOC_MAX_ENTRIES 2048
#define ASSOC_CHAINS 1024	/* a power of two */
#define ASSOC_LEVELS 8
#define ASSOC_SIZES 8

/*
 * What this knows of an entry:
 *
 * page		address >> 12 of the first 4 KiB page; a multiple of the entry's size
 * level	the architecture's number of the table level that it was made from
 * kind		what the address is: an enum of the architecture
 * next		hash chain: index + 1, or 0 at the end
 */
#define ASSOC_MEMBERS			\
	uint64_t page;			\
	uint8_t level, kind;		\
	uint16_t next;

struct assoc_entry {
	ASSOC_MEMBERS
};

/* The first member of an architecture's entry: the above by their names, and together. */
#define ASSOC_ENTRY union { struct { ASSOC_MEMBERS }; struct assoc_entry assoc; }

/* The state beside the entries. The entries follow at shape->offset bytes from its begin. */
struct assoc {
	uint64_t valid[ASSOC_MAX_ENTRIES / 64];	/* a bit for each entry, so that a search skips the others */
	uint16_t chain[ASSOC_CHAINS];		/* index + 1 of the first entry */
	uint32_t count[ASSOC_LEVELS];		/* valid entries per level */
	uint32_t hand[ASSOC_SIZES];		/* next victim, round robin, for each size with its own array */
	uint64_t evictions;
};

/* A size of page that an entry can map. */
struct assoc_size {
	uint8_t level;
	uint8_t shift;		/* log2 of its number of 4 KiB pages */
	uint8_t array;		/* the entries that it uses, by the first size that uses the same */
	uint16_t first, n;	/* those entries */
};

/* What an architecture's TLB looks like. */
struct assoc_shape {
	unsigned int offset;	/* of the first entry, from the struct assoc */
	unsigned int bytes;	/* of an entry */
	unsigned int entries;	/* a multiple of 64, at most ASSOC_MAX_ENTRIES */
	unsigned int sizes;	/* how many it has */
	struct assoc_size size[ASSOC_SIZES];	/* in the order in which a look-up tries them */
	/* Words of the key behind struct assoc_entry; it tells entries with the same page, level and kind apart. */
	unsigned int key_words;
	/* Returns NULL, or what is wrong with the entry beside its page, level and links. */
	const char *(*wrong)(const void *entry);
};

/* Loops over the valid entries of a, in the order of their indices i. The loop may drop the entry. */
#define assoc_for_each(a, entries, i)	model_for_each_bit((a)->valid, entries, i)

static inline struct assoc_entry *assoc_at(const struct assoc_shape *s, const struct assoc *a, unsigned int i)
{
	return (struct assoc_entry *)((char *)a + s->offset + i * s->bytes);
}

static inline unsigned int assoc_chain(uint64_t page, unsigned int shift, unsigned int level, unsigned int kind)
{
	uint64_t n = page >> shift;

	return (n ^ (n >> 10) ^ level * 0x155 ^ kind * 0x2aa) & (ASSOC_CHAINS - 1);
}

/* Returns the next entry for this page on a chain, beginning with number i (index + 1, or 0), or NULL. */
static inline struct assoc_entry *assoc_next(const struct assoc_shape *s, struct assoc *a, unsigned int i,
					     unsigned int level, unsigned int kind, uint64_t page)
{
	while (i) {
		struct assoc_entry *e = assoc_at(s, a, i - 1);

		if (e->page == page && e->level == level && e->kind == kind)
			return e;
		i = e->next;
	}
	return NULL;
}

static inline const uint64_t *assoc_key(const struct assoc_entry *e)
{
	return (const uint64_t *)(e + 1);
}

static inline bool assoc_same(const struct assoc_shape *s, const struct assoc_entry *e, const uint64_t *key)
{
	unsigned int i;

	for (i = 0; i < s->key_words; i++) {
		if (assoc_key(e)[i] != key[i])
			return false;
	}
	return true;
}

/* Returns the entry of this size for addr with this key, or NULL. */
static inline struct assoc_entry *assoc_find(const struct assoc_shape *s, struct assoc *a,
					     const struct assoc_size *size, unsigned int kind, uint64_t addr,
					     const uint64_t *key)
{
	uint64_t page = (addr >> 12) & ~((1ULL << size->shift) - 1);
	unsigned int i = a->chain[assoc_chain(page, size->shift, size->level, kind)];
	struct assoc_entry *e;

	while ((e = assoc_next(s, a, i, size->level, kind, page)) && !assoc_same(s, e, key))
		i = e->next;
	return e;
}

/* Returns the entry of any size with this key that translates addr, or NULL. */
static inline void *assoc_lookup(const struct assoc_shape *s, struct assoc *a, unsigned int kind, uint64_t addr,
				 const uint64_t *key)
{
	struct assoc_entry *e = NULL;
	unsigned int i;

	for (i = 0; i < s->sizes && !e; i++) {
		if (a->count[s->size[i].level])
			e = assoc_find(s, a, &s->size[i], kind, addr, key);
	}
	return e;
}

/* Copies *new in (ignores next); replaces an entry for the same page, or evicts one. */
void assoc_fill(const struct assoc_shape *s, struct assoc *a, const struct assoc_entry *new);
/* Removes a valid entry. */
void assoc_drop(const struct assoc_shape *s, struct assoc *a, struct assoc_entry *e);
/* Removes all entries; those for addr of one kind, whatever else tells them apart. Both return how many. */
unsigned int assoc_flush_all(const struct assoc_shape *s, struct assoc *a);
unsigned int assoc_flush_addr(const struct assoc_shape *s, struct assoc *a, unsigned int kind, uint64_t addr);

/* Removes the entries for which hit returns true. Returns how many. */
static inline unsigned int assoc_flush(const struct assoc_shape *s, struct assoc *a,
				       bool (*hit)(const void *entry, const void *arg), const void *arg)
{
	unsigned int i, n = 0;

	assoc_for_each(a, s->entries, i) {
		struct assoc_entry *e = assoc_at(s, a, i);

		if (hit(e, arg)) {
			assoc_drop(s, a, e);
			n++;
		}
	}
	return n;
}

/* Returns NULL, or what is wrong. */
const char *assoc_validate(const struct assoc_shape *s, const struct assoc *a);

#endif
