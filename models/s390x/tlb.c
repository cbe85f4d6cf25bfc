// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one CPU: what its entries were formed from, and what each flush removes; see tlb.h. */
#include "tlb.h"

static const char *wrong(const void *entry)
{
	const struct s390_tlb_entry *e = entry;

	if (e->frame & ((dat_frame_bytes(e->level) >> 12) - 1))
		return "an entry whose frame is not aligned to its size";
	if (e->asce & ~TLB_ASCE_MASK)
		return "an entry with bits of an ASCE that are not compared";
	if (e->kind == TLB_HOST && (e->space || e->origin))
		return "a host entry of a guest";
	return NULL;
}

_Static_assert(offsetof(struct s390_tlb_entry, asce) == sizeof(struct assoc_entry), "the key comes first");

static const struct assoc_shape shape = {
	.offset = offsetof(struct s390_tlb, entry),
	.bytes = sizeof(struct s390_tlb_entry),
	.entries = S390_TLB_ENTRIES,
	.key_words = 3,	/* asce, space, origin */
	.sizes = 3,
	.size = {
		{ .level = DAT_PAGE, .shift = 0, .n = S390_TLB_ENTRIES },
		{ .level = DAT_SEGMENT, .shift = 8, .n = S390_TLB_ENTRIES },
		{ .level = DAT_REGION3, .shift = 19, .n = S390_TLB_ENTRIES },
	},
	.wrong = wrong,
};

struct s390_tlb_entry *s390_tlb_lookup(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin,
				       uint64_t asce, uint64_t addr)
{
	const uint64_t key[] = { asce & TLB_ASCE_MASK, space, origin };

	return assoc_lookup(&shape, &t->assoc, kind, addr, key);
}

void s390_tlb_fill(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t origin, uint64_t asce,
		   uint64_t addr, const struct dat_result *r)
{
	uint64_t pages = dat_frame_bytes(r->level) >> 12;
	struct s390_tlb_entry e = {
		.page = (addr >> 12) & ~(pages - 1), .level = r->level, .kind = kind,
		.asce = asce & TLB_ASCE_MASK, .space = space, .origin = origin,
		.frame = (r->address >> 12) & ~(pages - 1),
		.raw = r->entry, .protect = r->protect, .iep = r->iep,
	};

	__builtin_memcpy(e.via, r->via, sizeof(e.via));
	assoc_fill(&shape, &t->assoc, &e.assoc);
}

unsigned int s390_tlb_flush_all(struct s390_tlb *t)
{
	return assoc_flush_all(&shape, &t->assoc);
}

/* What a flush names: entries of a kind and a space, and among them those formed from a table entry or by an ASCE. */
struct named {
	enum s390_tlb_kind kind;
	uint64_t space, from;
};

static bool in_space(const void *entry, const void *arg)
{
	const struct s390_tlb_entry *e = entry;
	const struct named *n = arg;

	return e->kind == n->kind && e->space == n->space;
}

static bool formed_from_entry(const void *entry, const void *arg)
{
	const struct s390_tlb_entry *e = entry;
	const struct named *n = arg;
	unsigned int level;

	for (level = 0; level < DAT_NR_LEVELS; level++) {
		if (e->via[level] == n->from)
			return in_space(e, n);
	}
	return false;
}

static bool formed_by_asce(const void *entry, const void *arg)
{
	const struct s390_tlb_entry *e = entry;
	const struct named *n = arg;

	return e->asce == n->from && in_space(e, n);
}

unsigned int s390_tlb_flush_entry(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t where)
{
	const struct named n = { .kind = kind, .space = space, .from = where };

	return assoc_flush(&shape, &t->assoc, formed_from_entry, &n);
}

unsigned int s390_tlb_flush_asce(struct s390_tlb *t, enum s390_tlb_kind kind, uint64_t space, uint64_t asce)
{
	const struct named n = { .kind = kind, .space = space, .from = asce & TLB_ASCE_MASK };

	return assoc_flush(&shape, &t->assoc, formed_by_asce, &n);
}

unsigned int s390_tlb_flush_guest(struct s390_tlb *t, uint64_t space)
{
	const struct named n = { .kind = TLB_GUEST, .space = space };

	return assoc_flush(&shape, &t->assoc, in_space, &n);
}

const char *s390_tlb_validate(const struct s390_tlb *t)
{
	return assoc_validate(&shape, &t->assoc);
}
