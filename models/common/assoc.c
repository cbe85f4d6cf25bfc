// SPDX-License-Identifier: GPL-2.0-only
/* The part of a TLB that all architectures share: fill, eviction, flushes and validation; see assoc.h. */
#include "assoc.h"

/* Returns the size of an entry's level, or NULL if no entry can have that level. */
static const struct assoc_size *size_of(const struct assoc_shape *s, unsigned int level)
{
	unsigned int i;

	for (i = 0; i < s->sizes; i++) {
		if (s->size[i].level == level)
			return &s->size[i];
	}
	return NULL;
}

static unsigned int index_of(const struct assoc_shape *s, const struct assoc *a, const struct assoc_entry *e)
{
	return ((const char *)e - (const char *)assoc_at(s, a, 0)) / s->bytes;
}

static unsigned int chain_of(const struct assoc_shape *s, const struct assoc_entry *e)
{
	return assoc_chain(e->page, size_of(s, e->level)->shift, e->level, e->kind);
}

void assoc_drop(const struct assoc_shape *s, struct assoc *a, struct assoc_entry *e)
{
	uint16_t me = index_of(s, a, e) + 1;
	uint16_t *link = &a->chain[chain_of(s, e)];

	while (*link != me)
		link = &assoc_at(s, a, *link - 1)->next;
	*link = e->next;
	a->count[e->level]--;
	model_clear_bit(a->valid, me - 1);
	e->next = 0;
}

static struct assoc_entry *victim(const struct assoc_shape *s, struct assoc *a, const struct assoc_size *size)
{
	uint32_t *hand = &a->hand[size->array];
	unsigned int i = size->first + *hand;
	struct assoc_entry *e = assoc_at(s, a, i);

	*hand = (*hand + 1) % size->n;
	if (model_bit(a->valid, i)) {
		assoc_drop(s, a, e);
		a->evictions++;
	}
	return e;
}

void assoc_fill(const struct assoc_shape *s, struct assoc *a, const struct assoc_entry *new)
{
	const struct assoc_size *size = size_of(s, new->level);
	struct assoc_entry *e = assoc_find(s, a, size, new->kind, new->page << 12, assoc_key(new));
	uint16_t *head = &a->chain[chain_of(s, new)];

	if (e)
		assoc_drop(s, a, e);
	else
		e = victim(s, a, size);
	__builtin_memcpy(e, new, s->bytes);
	e->next = *head;
	*head = index_of(s, a, e) + 1;
	model_set_bit(a->valid, *head - 1);
	a->count[e->level]++;
}

static bool empty(const struct assoc *a)
{
	unsigned int level;

	for (level = 0; level < ASSOC_LEVELS; level++) {
		if (a->count[level])
			return false;
	}
	return true;
}

unsigned int assoc_flush_all(const struct assoc_shape *s, struct assoc *a)
{
	unsigned int i, n = 0;

	if (empty(a))
		return 0;
	assoc_for_each(a, s->entries, i) {
		assoc_at(s, a, i)->next = 0;
		n++;
	}
	__builtin_memset(a->valid, 0, sizeof(a->valid));
	__builtin_memset(a->chain, 0, sizeof(a->chain));
	__builtin_memset(a->count, 0, sizeof(a->count));
	return n;
}

static unsigned int flush_size(const struct assoc_shape *s, struct assoc *a, const struct assoc_size *size,
			       unsigned int kind, uint64_t addr)
{
	uint64_t page = (addr >> 12) & ~((1ULL << size->shift) - 1);
	unsigned int i = a->chain[assoc_chain(page, size->shift, size->level, kind)], n = 0;
	struct assoc_entry *e;

	while ((e = assoc_next(s, a, i, size->level, kind, page))) {
		i = e->next;
		assoc_drop(s, a, e);
		n++;
	}
	return n;
}

unsigned int assoc_flush_addr(const struct assoc_shape *s, struct assoc *a, unsigned int kind, uint64_t addr)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->sizes; i++) {
		if (a->count[s->size[i].level])
			n += flush_size(s, a, &s->size[i], kind, addr);
	}
	return n;
}

static const char *validate_entry(const struct assoc_shape *s, const struct assoc_entry *e, unsigned int i)
{
	const struct assoc_size *size = size_of(s, e->level);

	if (!size)
		return "an entry of no page size";
	if (i < size->first || i >= size->first + size->n)
		return "an entry in the array of another page size";
	if (e->page & ((1ULL << size->shift) - 1))
		return "an entry that is not aligned to its size";
	return s->wrong(e);
}

static bool held_twice(const struct assoc_shape *s, const struct assoc *a, const struct assoc_entry *e)
{
	struct assoc_entry *f = assoc_next(s, (struct assoc *)a, e->next, e->level, e->kind, e->page);

	while (f && !assoc_same(s, f, assoc_key(e)))
		f = assoc_next(s, (struct assoc *)a, f->next, e->level, e->kind, e->page);
	return f;
}

/* Counts the entries on chain c in *count, per level, and in *chained. */
static const char *validate_chain(const struct assoc_shape *s, const struct assoc *a, unsigned int c, uint32_t *count,
				  uint32_t *chained)
{
	unsigned int i;

	for (i = a->chain[c]; i; i = assoc_at(s, a, i - 1)->next) {
		const struct assoc_entry *e = assoc_at(s, a, i - 1);

		if (!model_bit(a->valid, i - 1) || chain_of(s, e) != c)
			return "an entry on a chain where it does not belong";
		if (++*chained > s->entries)
			return "a hash chain with a loop";
		count[e->level]++;
		if (held_twice(s, a, e))
			return "one page held twice";
	}
	return NULL;
}

static const char *validate_chains(const struct assoc_shape *s, const struct assoc *a, uint32_t valid)
{
	uint32_t count[ASSOC_LEVELS] = {}, chained = 0;
	const char *wrong;
	unsigned int c, i;

	for (c = 0; c < ASSOC_CHAINS; c++) {
		if (c % 4 == 0 && model_all_zero4(&a->chain[c])) {
			c += 3;
			continue;
		}
		wrong = validate_chain(s, a, c, count, &chained);
		if (wrong)
			return wrong;
	}
	if (chained != valid)
		return "a valid entry on no chain";
	for (i = 0; i < ASSOC_LEVELS; i++) {
		if (count[i] != a->count[i])
			return "a wrong count of entries";
	}
	return NULL;
}

const char *assoc_validate(const struct assoc_shape *s, const struct assoc *a)
{
	uint32_t valid = 0;
	unsigned int i;

	assoc_for_each(a, s->entries, i) {
		const char *wrong = validate_entry(s, assoc_at(s, a, i), i);

		if (wrong)
			return wrong;
		valid++;
	}
	return validate_chains(s, a, valid);
}
