// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one CPU: look-up, fill, clearing; see tlb.h. */
#include "tlb.h"

static const enum dat_level sizes[] = { DAT_PAGE, DAT_SEGMENT, DAT_REGION3 };

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static uint64_t pages_of(enum dat_level level)
{
	return dat_frame_bytes(level) >> 12;
}

static unsigned int chain_of(uint64_t page, enum dat_level level, enum s390_tlb_kind kind)
{
	uint64_t n = page / pages_of(level);

	return (n ^ (n >> 10) ^ level * 0x155 ^ kind * 0x2aa) & (S390_TLB_CHAINS - 1);
}

void s390_tlb_init(struct s390_tlb *t)
{
	__builtin_memset(t, 0, sizeof(*t));
}

static bool same_space(const struct s390_tlb_entry *e, enum s390_tlb_kind kind, uint64_t space)
{
	return e->kind == kind && e->space == space;
}

static struct s390_tlb_entry *find(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin,
				   uint64_t asce, enum dat_level level, uint64_t page)
{
	unsigned int i = t->chain[chain_of(page, level, kind)];

	while (i) {
		struct s390_tlb_entry *e = &t->entry[i - 1];

		if (e->page == page && e->level == level && e->asce == asce && e->origin == origin &&
		    same_space(e, kind, space))
			return e;
		i = e->next;
	}
	return NULL;
}

struct s390_tlb_entry *s390_tlb_lookup(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin,
				       uint64_t asce, uint64_t addr)
{
	struct s390_tlb_entry *e = NULL;
	unsigned int i;

	for (i = 0; i < NR_SIZES && !e; i++) {
		if (t->count[sizes[i]])
			e = find(t, kind, space, origin, asce & TLB_ASCE_MASK, sizes[i],
				 (addr >> 12) & ~(pages_of(sizes[i]) - 1));
	}
	return e;
}

static void drop(struct s390_tlb *t, struct s390_tlb_entry *e)
{
	uint16_t me = e - t->entry + 1;
	uint16_t *link = &t->chain[chain_of(e->page, e->level, e->kind)];

	while (*link != me)
		link = &t->entry[*link - 1].next;
	*link = e->next;
	t->count[e->level]--;
	model_clear_bit(t->valid, me - 1);
	e->next = 0;
}

static struct s390_tlb_entry *victim(struct s390_tlb *t)
{
	struct s390_tlb_entry *e = &t->entry[t->hand];
	bool taken = model_bit(t->valid, t->hand);

	t->hand = (t->hand + 1) % S390_TLB_ENTRIES;
	if (taken) {
		drop(t, e);
		t->evictions++;
	}
	return e;
}

void s390_tlb_fill(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin, uint64_t asce,
		   uint64_t addr, const struct dat_result *r)
{
	uint64_t page = (addr >> 12) & ~(pages_of(r->level) - 1);
	struct s390_tlb_entry *e;
	uint16_t *head;

	asce &= TLB_ASCE_MASK;
	e = find(t, kind, space, origin, asce, r->level, page);
	if (e)
		drop(t, e);
	else
		e = victim(t);
	*e = (struct s390_tlb_entry){
		.asce = asce, .space = space, .origin = origin, .page = page,
		.frame = (r->address >> 12) & ~(pages_of(r->level) - 1),
		.raw = r->entry, .kind = kind, .level = r->level, .protect = r->protect, .iep = r->iep,
	};
	__builtin_memcpy(e->via, r->via, sizeof(e->via));
	head = &t->chain[chain_of(page, e->level, kind)];
	e->next = *head;
	*head = e - t->entry + 1;
	model_set_bit(t->valid, e - t->entry);
	t->count[e->level]++;
}

static bool empty(const struct s390_tlb *t)
{
	return !(t->count[DAT_PAGE] | t->count[DAT_SEGMENT] | t->count[DAT_REGION3]);
}

unsigned int s390_tlb_flush_all(struct s390_tlb *t)
{
	unsigned int i, n = 0;

	if (empty(t))
		return 0;
	s390_tlb_for_each(t, i) {
		t->entry[i].next = 0;
		n++;
	}
	__builtin_memset(t->valid, 0, sizeof(t->valid));
	__builtin_memset(t->chain, 0, sizeof(t->chain));
	__builtin_memset(t->count, 0, sizeof(t->count));
	return n;
}

static bool formed_from(const struct s390_tlb_entry *e, uint64_t where)
{
	unsigned int level;

	for (level = 0; level < DAT_NR_LEVELS; level++) {
		if (e->via[level] == where)
			return true;
	}
	return false;
}

unsigned int s390_tlb_flush_entry(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t where)
{
	unsigned int i, n = 0;

	s390_tlb_for_each(t, i) {
		struct s390_tlb_entry *e = &t->entry[i];

		if (same_space(e, kind, space) && formed_from(e, where)) {
			drop(t, e);
			n++;
		}
	}
	return n;
}

unsigned int s390_tlb_flush_asce(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t asce)
{
	unsigned int i, n = 0;

	s390_tlb_for_each(t, i) {
		struct s390_tlb_entry *e = &t->entry[i];

		if (same_space(e, kind, space) && e->asce == (asce & TLB_ASCE_MASK)) {
			drop(t, e);
			n++;
		}
	}
	return n;
}

unsigned int s390_tlb_flush_guest(struct s390_tlb *t, uint64_t space)
{
	unsigned int i, n = 0;

	s390_tlb_for_each(t, i) {
		struct s390_tlb_entry *e = &t->entry[i];

		if (same_space(e, TLB_GUEST, space)) {
			drop(t, e);
			n++;
		}
	}
	return n;
}

static const char *validate_entry(const struct s390_tlb_entry *e)
{
	if (e->level >= DAT_NR_LEVELS || !dat_frame_bytes(e->level))
		return "an entry of no frame size";
	if ((e->page | e->frame) & (pages_of(e->level) - 1))
		return "an entry that is not aligned to its size";
	if (e->asce & ~TLB_ASCE_MASK)
		return "an entry with bits of an ASCE that are not compared";
	if (e->kind == TLB_HOST && (e->space || e->origin))
		return "a host entry of a guest";
	return NULL;
}

static bool held_twice(const struct s390_tlb *t, const struct s390_tlb_entry *e)
{
	unsigned int i;

	for (i = e->next; i; i = t->entry[i - 1].next) {
		const struct s390_tlb_entry *f = &t->entry[i - 1];

		if (f->page == e->page && f->level == e->level && f->asce == e->asce && f->origin == e->origin &&
		    same_space(f, e->kind, e->space))
			return true;
	}
	return false;
}

const char *s390_tlb_validate(const struct s390_tlb *t)
{
	uint32_t count[DAT_NR_LEVELS] = {}, chained = 0, valid = 0;
	unsigned int c, i;

	s390_tlb_for_each(t, i) {
		const char *wrong = validate_entry(&t->entry[i]);

		if (wrong)
			return wrong;
		valid++;
	}
	for (c = 0; c < S390_TLB_CHAINS; c++) {
		if (c % 4 == 0 && model_all_zero4(&t->chain[c])) {
			c += 3;
			continue;
		}
		for (i = t->chain[c]; i; i = t->entry[i - 1].next) {
			const struct s390_tlb_entry *e = &t->entry[i - 1];

			if (!model_bit(t->valid, i - 1) || chain_of(e->page, e->level, e->kind) != c)
				return "an entry on a chain where it does not belong";
			if (++chained > S390_TLB_ENTRIES)
				return "a hash chain with a loop";
			count[e->level]++;
			if (held_twice(t, e))
				return "one page held twice";
		}
	}
	if (chained != valid)
		return "a valid entry on no chain";
	for (i = 0; i < DAT_NR_LEVELS; i++) {
		if (count[i] != t->count[i])
			return "a wrong count of entries";
	}
	return NULL;
}
