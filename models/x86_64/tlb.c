// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one vCPU: its sizes, and the reach of each flush; see tlb.h. */
#include "tlb.h"

static const char *wrong(const void *entry)
{
	const struct x86_tlb_entry *e = entry;

	if ((e->pfn | e->gfn) & ((1UL << (9 * (e->level - 1))) - 1))
		return "an entry whose frame is not aligned to its size";
	if (e->dirty && !(e->rights & (TLB_W | TLB_W_SUP)))
		return "a dirty entry that nobody may write through";
	return NULL;
}

_Static_assert(offsetof(struct x86_tlb_entry, root) == sizeof(struct assoc_entry), "the key comes first");

static const struct assoc_shape shape = {
	.offset = offsetof(struct x86_tlb, entry),
	.bytes = sizeof(struct x86_tlb_entry),
	.entries = TLB_ENTRIES,
	.key_words = 1,	/* root */
	.sizes = 3,
	.size = {
		{ .level = 1, .shift = 0, .array = 0, .first = 0, .n = TLB_4K_ENTRIES },
		{ .level = 2, .shift = 9, .array = 1, .first = TLB_4K_ENTRIES, .n = TLB_LARGE_ENTRIES },
		{ .level = 3, .shift = 18, .array = 1, .first = TLB_4K_ENTRIES, .n = TLB_LARGE_ENTRIES },
	},
	.wrong = wrong,
};

void x86_tlb_init(struct x86_tlb *t)
{
	__builtin_memset(t, 0, sizeof(*t));
}

struct x86_tlb_entry *x86_tlb_lookup(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t root, uint64_t addr)
{
	return assoc_lookup(&shape, &t->assoc, kind, addr, &root);
}

void x86_tlb_fill(struct x86_tlb *t, const struct x86_tlb_entry *e)
{
	assoc_fill(&shape, &t->assoc, &e->assoc);
}

unsigned int x86_tlb_flush_all(struct x86_tlb *t)
{
	return assoc_flush_all(&shape, &t->assoc);
}

static bool of_root(const void *entry, const void *arg)
{
	const struct x86_tlb_entry *e = entry;
	const uint64_t *root = arg;

	return (e->root & ~(TLB_PCID_MASK | TLB_ANY_PCID)) == *root;
}

unsigned int x86_tlb_flush_root(struct x86_tlb *t, uint64_t root)
{
	return assoc_flush(&shape, &t->assoc, of_root, &root);
}

static bool of_kind(const void *entry, const void *arg)
{
	const struct x86_tlb_entry *e = entry;
	const enum x86_tlb_kind *kind = arg;

	return e->kind == *kind;
}

unsigned int x86_tlb_flush_kind(struct x86_tlb *t, enum x86_tlb_kind kind)
{
	return assoc_flush(&shape, &t->assoc, of_kind, &kind);
}

unsigned int x86_tlb_flush_addr(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t addr)
{
	return assoc_flush_addr(&shape, &t->assoc, kind, addr);
}

static bool of_pcid(const void *entry, const void *arg)
{
	const struct x86_tlb_entry *e = entry;
	const struct x86_tlb_pcid *which = arg;

	if (e->kind != TLB_LINEAR)
		return false;
	if (which->one && (which->addr >> 12) - e->page >= 1ULL << (9 * (e->level - 1)))
		return false;
	if (e->rights & TLB_GLOBAL)
		return which->globals;
	return which->any || (e->root & TLB_PCID_MASK) == which->pcid;
}

unsigned int x86_tlb_flush_pcid(struct x86_tlb *t, const struct x86_tlb_pcid *which)
{
	return assoc_flush(&shape, &t->assoc, of_pcid, which);
}

const char *x86_tlb_validate(const struct x86_tlb *t)
{
	return assoc_validate(&shape, &t->assoc);
}
