// SPDX-License-Identifier: GPL-2.0-only
/* Break-before-make; see bbm.h. */
#include "bbm.h"

#define DESC_VALID 1ULL
#define DESC_TABLE 2ULL
#define DESC_OUTPUT 0x0000fffffffff000ULL
#define DESC_CONTIGUOUS (1ULL << 52)
/* AttrIndx, SH and nG; MemAttr and SH. */
#define DESC_S1_TYPE (7ULL << 2 | 3ULL << 8 | 1ULL << 11)
#define DESC_S2_TYPE (0xfULL << 2 | 3ULL << 8)

const char *arm64_bbm_name(enum arm64_bbm what)
{
	static const char *const name[] = {
		[ARM64_BBM_SAME] = "nothing", [ARM64_BBM_INVALID] = "validity", [ARM64_BBM_ADDRESS] = "output address",
		[ARM64_BBM_SIZE] = "size", [ARM64_BBM_TYPE] = "memory type",
	};

	return name[what];
}

static enum arm64_bbm compare_type(uint64_t a, uint64_t b, bool stage2)
{
	return (a ^ b) & (stage2 ? DESC_S2_TYPE : DESC_S1_TYPE) ? ARM64_BBM_TYPE : ARM64_BBM_SAME;
}

enum arm64_bbm arm64_bbm_compare(const struct arm64_tlb_stage *stage, bool stage2, uint64_t now)
{
	uint64_t changed = stage->desc ^ now;

	if (!(now & DESC_VALID))
		return ARM64_BBM_INVALID;
	if (changed & (DESC_TABLE | DESC_CONTIGUOUS))
		return ARM64_BBM_SIZE;
	if (changed & DESC_OUTPUT & ~((1ULL << arm64_level_shift(stage->granule, stage->level)) - 1))
		return ARM64_BBM_ADDRESS;
	return compare_type(stage->desc, now, stage2);
}

enum arm64_bbm arm64_bbm_compare_table(const struct arm64_tlb_table *table, uint64_t now)
{
	if (!(now & DESC_VALID))
		return ARM64_BBM_INVALID;
	if (!(now & DESC_TABLE))
		return ARM64_BBM_SIZE;
	return (table->desc ^ now) & DESC_OUTPUT ? ARM64_BBM_ADDRESS : ARM64_BBM_SAME;
}

/* An entry as break-before-make sees it: a range of addresses in one space, and the stage that is judged. */
struct view {
	bool el2;
	unsigned int vmid;
	uint64_t start, bytes;
	const struct arm64_tlb_stage *stage;
};

static struct view view_of(const struct arm64_tlb_entry *e)
{
	bool el2 = e->kind == ARM64_TLB_EL2;

	return (struct view){
		.el2 = el2, .vmid = arm64_tag_vmid(e->tag), .start = el2 ? e->page << 12 : e->ipa,
		.bytes = 1ULL << arm64_tlb_shift(e), .stage = el2 ? &e->s1 : &e->s2,
	};
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* Entries of EL2 are of one space if they have one ASID, or one of them is global. */
static bool same_asid(uint64_t a, uint64_t b)
{
	return ((a | b) & ARM64_TAG_GLOBAL) || arm64_tag_asid(a) == arm64_tag_asid(b);
}

enum arm64_bbm arm64_bbm_conflict(const struct arm64_tlb_entry *a, const struct arm64_tlb_entry *b, bool bbml2)
{
	struct view va, vb;

	if (arm64_bbm_apart(arm64_tlb_where(a), arm64_tlb_where(b)))
		return ARM64_BBM_SAME;
	va = view_of(a);
	vb = view_of(b);
	if (va.vmid != vb.vmid || va.stage->level == ARM64_NO_LEVEL || vb.stage->level == ARM64_NO_LEVEL ||
	    (va.el2 && !same_asid(a->tag, b->tag)))
		return ARM64_BBM_SAME;
	if (a->pa - va.start != b->pa - vb.start)
		return ARM64_BBM_ADDRESS;
	if (va.stage->size != vb.stage->size && !bbml2)
		return ARM64_BBM_SIZE;
	return compare_type(va.stage->desc, vb.stage->desc, !va.el2);
}

enum arm64_bbm arm64_bbm_conflict_table(const struct arm64_tlb_entry *a, const struct arm64_tlb_table *b, bool bbml2)
{
	struct view v = view_of(a);

	/* Table descriptors of a guest's own stage 1 are not judged. */
	if (b->kind == ARM64_TLB_EL1 || v.el2 != (b->kind == ARM64_TLB_EL2) || v.vmid != arm64_tag_vmid(b->tag) ||
	    v.stage->level == ARM64_NO_LEVEL || bbml2)
		return ARM64_BBM_SAME;
	if ((v.el2 && !same_asid(a->tag, b->tag)) ||
	    !overlap(v.start, v.bytes, b->prefix << b->shift, 1ULL << b->shift))
		return ARM64_BBM_SAME;
	return b->level >= v.stage->level ? ARM64_BBM_SIZE : ARM64_BBM_SAME;
}

enum arm64_bbm arm64_bbm_conflict_tables(const struct arm64_tlb_table *a, const struct arm64_tlb_table *b)
{
	if (a->kind == ARM64_TLB_EL1 || a->kind != b->kind || a->tag != b->tag || a->level != b->level ||
	    a->granule != b->granule || a->prefix != b->prefix)
		return ARM64_BBM_SAME;
	return a->table != b->table ? ARM64_BBM_ADDRESS : ARM64_BBM_SAME;
}

/* --- what has been compared --- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* The slot for the entry of this size, by its number, that addr would be in. */
static uint64_t *slot_of(struct arm64_bbm_seen *s, const struct arm64_tlb_entry *e, uint64_t addr, unsigned int size)
{
	struct arm64_tlb_entry at = { .level = size };
	uint64_t base = addr & ~((1ULL << arm64_tlb_shift(&at)) - 1), hash = mix(mix(e->kind, e->tag), base);

	return size ? &s->larger[size - 1][hash % ARM64_BBM_LARGER] : &s->page[hash % ARM64_BBM_PAGES];
}

/* A slot whose translation has to be compared when it comes back. Hashes are other numbers, but for chance. */
#define FORGOTTEN 1

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

bool arm64_bbm_seen(struct arm64_bbm_seen *s, const struct arm64_tlb_entry *e)
{
	const struct view v = view_of(e);
	uint64_t now = mix(mix(v.stage->desc_pa, e->pa), v.stage->level), with_larger, with_none, larger = 0;
	uint64_t *mine = slot_of(s, e, v.start, e->level), *slot;
	unsigned int size;

	now = mix(now, v.stage->desc & (DESC_CONTIGUOUS | (v.el2 ? DESC_S1_TYPE : DESC_S2_TYPE))) | 1;
	with_larger = with_none = now;
	for (size = e->level + 1; size < ARM64_TLB_SIZES; size++) {
		uint64_t value = get(slot_of(s, e, v.start, size));

		with_larger = mix(with_larger, value == FORGOTTEN ? 0 : value);
		with_none = mix(with_none, 0);
		larger |= value;
	}
	if (get(mine) == with_larger)
		return true;
	/* A larger entry that comes back has to be compared with this one. */
	for (size = e->level + 1; size < ARM64_TLB_SIZES && larger; size++) {
		slot = slot_of(s, e, v.start, size);
		if (get(slot) > FORGOTTEN)
			__atomic_store_n(slot, FORGOTTEN, __ATOMIC_RELAXED);
	}
	return !__atomic_exchange_n(mine, with_none, __ATOMIC_SEQ_CST) && !larger && !e->level && !v.el2;
}
