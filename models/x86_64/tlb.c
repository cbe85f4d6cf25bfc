// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one vCPU: look-up, fill, flushes; see tlb.h. */
#include "tlb.h"

static uint64_t level_pages(unsigned int level)
{
	return 1UL << (9 * (level - 1));
}

static unsigned int chain_of(uint64_t page, unsigned int level, unsigned int kind)
{
	uint64_t n = page >> (9 * (level - 1));

	return (n ^ (n >> 10) ^ level * 0x155 ^ kind * 0x2aa) & (TLB_CHAINS - 1);
}

void x86_tlb_init(struct x86_tlb *t)
{
	__builtin_memset(t, 0, sizeof(*t));
}

static struct x86_tlb_entry *find(struct x86_tlb *t, unsigned int level, unsigned int kind, uint64_t root, uint64_t page)
{
	unsigned int i = t->chain[chain_of(page, level, kind)];

	while (i) {
		struct x86_tlb_entry *e = &t->entry[i - 1];

		if (e->page == page && e->level == level && e->kind == kind && e->root == root)
			return e;
		i = e->next;
	}
	return NULL;
}

struct x86_tlb_entry *x86_tlb_lookup(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t root, uint64_t addr)
{
	struct x86_tlb_entry *e = NULL;
	unsigned int level;

	for (level = 1; level <= 3 && !e; level++) {
		if (t->count[level])
			e = find(t, level, kind, root, (addr >> 12) & ~(level_pages(level) - 1));
	}
	return e;
}

static void drop(struct x86_tlb *t, struct x86_tlb_entry *e)
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

static struct x86_tlb_entry *victim(struct x86_tlb *t, unsigned int level)
{
	unsigned int first = level == 1 ? 0 : TLB_4K_ENTRIES;
	unsigned int n = level == 1 ? TLB_4K_ENTRIES : TLB_LARGE_ENTRIES;
	uint32_t *hand = level == 1 ? &t->hand_4k : &t->hand_large;
	struct x86_tlb_entry *e = &t->entry[first + *hand];

	*hand = (*hand + 1) % n;
	if (model_bit(t->valid, e - t->entry)) {
		drop(t, e);
		t->evictions++;
	}
	return e;
}

void x86_tlb_fill(struct x86_tlb *t, const struct x86_tlb_entry *new)
{
	struct x86_tlb_entry *e = find(t, new->level, new->kind, new->root, new->page);
	uint16_t *head;

	if (e)
		drop(t, e);
	else
		e = victim(t, new->level);
	*e = *new;
	model_set_bit(t->valid, e - t->entry);
	head = &t->chain[chain_of(e->page, e->level, e->kind)];
	e->next = *head;
	*head = e - t->entry + 1;
	t->count[e->level]++;
}

static bool empty(const struct x86_tlb *t)
{
	return !(t->count[1] | t->count[2] | t->count[3]);
}

unsigned int x86_tlb_flush_all(struct x86_tlb *t)
{
	unsigned int i, n = 0;

	if (empty(t))
		return 0;
	x86_tlb_for_each(t, i) {
		t->entry[i].next = 0;
		n++;
	}
	__builtin_memset(t->valid, 0, sizeof(t->valid));
	__builtin_memset(t->chain, 0, sizeof(t->chain));
	__builtin_memset(t->count, 0, sizeof(t->count));
	return n;
}

unsigned int x86_tlb_flush_root(struct x86_tlb *t, uint64_t root)
{
	unsigned int i, n = 0;

	x86_tlb_for_each(t, i) {
		if (t->entry[i].root == root) {
			drop(t, &t->entry[i]);
			n++;
		}
	}
	return n;
}

unsigned int x86_tlb_flush_kind(struct x86_tlb *t, enum x86_tlb_kind kind)
{
	unsigned int i, n = 0;

	x86_tlb_for_each(t, i) {
		if (t->entry[i].kind == kind) {
			drop(t, &t->entry[i]);
			n++;
		}
	}
	return n;
}

unsigned int x86_tlb_flush_linear(struct x86_tlb *t, bool keep_global)
{
	unsigned int i, n = 0;

	x86_tlb_for_each(t, i) {
		struct x86_tlb_entry *e = &t->entry[i];

		if (e->kind == TLB_LINEAR && !(keep_global && e->rights & TLB_GLOBAL)) {
			drop(t, e);
			n++;
		}
	}
	return n;
}

unsigned int x86_tlb_flush_addr(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t addr)
{
	unsigned int level, n = 0;

	for (level = 1; level <= 3; level++) {
		uint64_t page = (addr >> 12) & ~(level_pages(level) - 1);
		unsigned int i = t->count[level] ? t->chain[chain_of(page, level, kind)] : 0;

		while (i) {
			struct x86_tlb_entry *e = &t->entry[i - 1];

			i = e->next;
			if (e->page == page && e->level == level && e->kind == kind) {
				drop(t, e);
				n++;
			}
		}
	}
	return n;
}

static const char *validate_entry(const struct x86_tlb_entry *e, unsigned int i)
{
	if (e->level < 1 || e->level > 3)
		return "an entry of no page size";
	if ((e->level == 1) != (i < TLB_4K_ENTRIES))
		return "an entry in the array of another page size";
	if ((e->page | e->pfn | e->gfn) & (level_pages(e->level) - 1))
		return "an entry that is not aligned to its size";
	if (e->dirty && !(e->rights & (TLB_W | TLB_W_SUP)))
		return "a dirty entry that nobody may write through";
	return NULL;
}

const char *x86_tlb_validate(const struct x86_tlb *t)
{
	uint32_t count[4] = {}, chained = 0, valid = 0;
	unsigned int c, i, j;

	x86_tlb_for_each(t, i) {
		const char *wrong = validate_entry(&t->entry[i], i);

		if (wrong)
			return wrong;
		valid++;
	}
	for (c = 0; c < TLB_CHAINS; c++) {
		if (c % 4 == 0 && model_all_zero4(&t->chain[c])) {
			c += 3;
			continue;
		}
		for (i = t->chain[c]; i; i = t->entry[i - 1].next) {
			const struct x86_tlb_entry *e = &t->entry[i - 1];

			if (!model_bit(t->valid, i - 1) || chain_of(e->page, e->level, e->kind) != c)
				return "an entry on a chain where it does not belong";
			if (++chained > TLB_ENTRIES)
				return "a hash chain with a loop";
			count[e->level]++;
			for (j = e->next; j; j = t->entry[j - 1].next) {
				const struct x86_tlb_entry *f = &t->entry[j - 1];

				if (f->page == e->page && f->level == e->level && f->kind == e->kind &&
				    f->root == e->root)
					return "one page held twice";
			}
		}
	}
	if (chained != valid)
		return "a valid entry on no chain";
	for (i = 1; i <= 3; i++) {
		if (count[i] != t->count[i])
			return "a wrong count of entries";
	}
	return NULL;
}
