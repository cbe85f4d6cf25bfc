// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one CPU: its sizes, tags, and caches of table descriptors; see tlb.h. */
#include "tlb.h"

/* Pages, blocks and contiguous groups of all granules. */
const uint8_t arm64_tlb_size_shift[ARM64_TLB_SIZES] = { 0, 2, 4, 9, 13, 17, 18, 22 };

static const char *wrong(const void *entry)
{
	const struct arm64_tlb_entry *e = entry;

	if ((e->pa | e->ipa) & ((1ULL << arm64_tlb_shift(e)) - 1))
		return "an entry whose output is not aligned to its size";
	if ((e->s1.level == ARM64_NO_LEVEL) != (e->kind == ARM64_TLB_IPA || (e->tag & ARM64_TAG_OFF)))
		return "an entry with a stage 1 that it cannot have";
	if (e->kind == ARM64_TLB_EL2 && (e->s2.level != ARM64_NO_LEVEL || arm64_tag_vmid(e->tag)))
		return "an entry of EL2 with a stage 2";
	if (arm64_tag_asid(e->tag) && (e->kind == ARM64_TLB_IPA || (e->tag & (ARM64_TAG_GLOBAL | ARM64_TAG_OFF))))
		return "an entry with an ASID that it cannot have";
	return NULL;
}

_Static_assert(offsetof(struct arm64_tlb_entry, tag) == sizeof(struct assoc_entry), "the key comes first");

#define SIZE(number, bits) { .level = (number), .shift = (bits), .n = ARM64_TLB_ENTRIES }

static const struct assoc_shape shape = {
	.offset = offsetof(struct arm64_tlb, entry),
	.bytes = sizeof(struct arm64_tlb_entry),
	.entries = ARM64_TLB_ENTRIES,
	.key_words = 1,	/* tag */
	.sizes = ARM64_TLB_SIZES,
	.size = {
		SIZE(0, 0), SIZE(1, 2), SIZE(2, 4), SIZE(3, 9), SIZE(4, 13), SIZE(5, 17), SIZE(6, 18), SIZE(7, 22),
	},
	.wrong = wrong,
};

struct arm64_tlb_entry *arm64_tlb_lookup(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr)
{
	struct arm64_tlb_entry *e = assoc_lookup(&shape, &t->assoc, kind, addr, &tag);

	if (e || kind == ARM64_TLB_IPA || (tag & ARM64_TAG_OFF))
		return e;
	tag = (tag & ~0xffffULL) | ARM64_TAG_GLOBAL;
	return assoc_lookup(&shape, &t->assoc, kind, addr, &tag);
}

/* The number of the largest size that both stages map. */
static unsigned int common_size(const struct arm64_tlb_entry *e)
{
	unsigned int shift = 12 + arm64_tlb_size_shift[7], n = 0;

	if (e->s1.level != ARM64_NO_LEVEL)
		shift = e->s1.size;
	if (e->s2.level != ARM64_NO_LEVEL && e->s2.size < shift)
		shift = e->s2.size;
	if (e->s1.level == ARM64_NO_LEVEL && e->s2.level == ARM64_NO_LEVEL)
		shift = 12;
	while (n < 7 && 12U + arm64_tlb_size_shift[n + 1] <= shift)
		n++;
	return n;
}

struct arm64_tlb_entry *arm64_tlb_fill(struct arm64_tlb *t, uint64_t addr, const struct arm64_tlb_entry *e)
{
	struct arm64_tlb_entry new = *e, *entry;
	uint64_t mask;

	new.level = common_size(e);
	mask = ~((1ULL << arm64_tlb_shift(&new)) - 1);
	new.page = (addr & mask) >> 12;
	new.pa &= mask;
	new.ipa &= mask;
	assoc_fill(&shape, &t->assoc, &new.assoc);
	/* Not by a look-up of any size: a smaller entry may be there, too. */
	entry = (struct arm64_tlb_entry *)assoc_find(&shape, &t->assoc, &shape.size[new.level], new.kind, addr,
						     &new.tag);
	t->where[entry - t->entry] = arm64_tlb_where(entry);
	return entry;
}

void arm64_tlb_drop(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr)
{
	struct arm64_tlb_entry *e;

	while ((e = arm64_tlb_lookup(t, kind, tag, addr)))
		assoc_drop(&shape, &t->assoc, &e->assoc);
}

static unsigned int slot_of(enum arm64_tlb_kind kind, unsigned int level, uint64_t prefix)
{
	return (prefix ^ prefix >> 9 ^ level * 21 ^ (kind == ARM64_TLB_IPA) * 11) % ARM64_TLB_TABLES;
}

void arm64_tlb_fill_tables(struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag,
			   const struct arm64_tables *tables, uint64_t addr, const struct arm64_leaf *leaf)
{
	unsigned int level;

	for (level = 0; level < ARM64_LEVELS; level++) {
		unsigned int shift = arm64_level_shift(tables->granule, level);
		uint64_t prefix = addr >> shift;

		if (leaf->via[level].desc_pa == ARM64_NO_ADDR)
			continue;
		t->table[slot_of(kind, level, prefix)] = (struct arm64_tlb_table){
			.prefix = prefix, .tag = tag, .table = leaf->via_table[level],
			.root = tables->base,
			.desc_pa = leaf->via[level].desc_pa, .desc = leaf->via[level].desc,
			.kind = kind, .level = level, .shift = shift, .granule = tables->granule,
			.rights = leaf->via_rights[level], .valid = true,
		};
	}
}

bool arm64_tlb_start(const struct arm64_tlb *t, enum arm64_tlb_kind kind, uint64_t tag,
		     const struct arm64_tables *tables, uint64_t addr, struct arm64_start *start)
{
	int level;

	for (level = ARM64_LEVELS - 2; level >= tables->start_level; level--) {
		uint64_t prefix = addr >> arm64_level_shift(tables->granule, level);
		const struct arm64_tlb_table *e = &t->table[slot_of(kind, level, prefix)];

		if (!e->valid || e->prefix != prefix || e->tag != tag || e->kind != kind || e->level != level ||
		    e->granule != tables->granule)
			continue;
		*start = (struct arm64_start){ .level = level + 1, .rights = e->rights, .table = e->table };
		return true;
	}
	return false;
}

unsigned int arm64_tlb_flush(struct arm64_tlb *t, bool (*entry)(const void *entry, const void *arg),
			     bool (*table)(const struct arm64_tlb_table *table, const void *arg), const void *arg)
{
	unsigned int n = assoc_flush(&shape, &t->assoc, entry, arg), i;

	arm64_tlb_for_each_table(t, i) {
		if (table(&t->table[i], arg)) {
			t->table[i].valid = false;
			n++;
		}
	}
	return n;
}

unsigned int arm64_tlb_flush_all(struct arm64_tlb *t)
{
	unsigned int n = assoc_flush_all(&shape, &t->assoc), i;

	arm64_tlb_for_each_table(t, i) {
		t->table[i].valid = false;
		n++;
	}
	return n;
}

const char *arm64_tlb_validate(const struct arm64_tlb *t)
{
	unsigned int i;

	arm64_tlb_for_each_table(t, i) {
		const struct arm64_tlb_table *e = &t->table[i];

		if (e->level >= ARM64_LEVELS - 1 || e->shift != arm64_level_shift(e->granule, e->level))
			return "a table descriptor of a level that has none";
		if (slot_of(e->kind, e->level, e->prefix) != i)
			return "a table descriptor in a place where nobody looks for it";
	}
	arm64_tlb_for_each(t, i) {
		if (t->where[i] != arm64_tlb_where(&t->entry[i]))
			return "an entry that is said to map something else";
	}
	return assoc_validate(&shape, &t->assoc);
}
