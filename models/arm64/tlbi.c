// SPDX-License-Identifier: GPL-2.0-only
/* TLB maintenance instructions; see tlbi.h. */
#include "tlbi.h"

/* What an operand is. */
enum operand { NONE, ASID, ADDRESS };

static const struct {
	const char *name;	/* without suffixes: is, os, nxs; and without the r of a range */
	bool stage1, stage2, el2, any_vmid, any_asid, leaf_only;
	enum operand operand;
} ops[] = {
	{ .name = "alle1", .stage1 = true, .stage2 = true, .any_vmid = true, .any_asid = true },
	{ .name = "alle2", .stage1 = true, .el2 = true, .any_asid = true },
	{ .name = "vmalle1", .stage1 = true, .any_asid = true },
	{ .name = "vmalls12e1", .stage1 = true, .stage2 = true, .any_asid = true },
	{ .name = "aside1", .stage1 = true, .operand = ASID },
	{ .name = "vae1", .stage1 = true, .operand = ADDRESS },
	{ .name = "vale1", .stage1 = true, .leaf_only = true, .operand = ADDRESS },
	{ .name = "vaae1", .stage1 = true, .any_asid = true, .operand = ADDRESS },
	{ .name = "vaale1", .stage1 = true, .any_asid = true, .leaf_only = true, .operand = ADDRESS },
	{ .name = "vae2", .stage1 = true, .el2 = true, .operand = ADDRESS },
	{ .name = "vale2", .stage1 = true, .el2 = true, .leaf_only = true, .operand = ADDRESS },
	{ .name = "ipas2e1", .stage2 = true, .operand = ADDRESS },
	{ .name = "ipas2le1", .stage2 = true, .leaf_only = true, .operand = ADDRESS },
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static unsigned int length(const char *s)
{
	unsigned int n = 0;

	while (s[n])
		n++;
	return n;
}

/* Returns whether name[0..*n] ends like that, and shortens it then. */
static bool cut(const char *name, unsigned int *n, const char *suffix)
{
	unsigned int len = length(suffix), i;

	if (*n <= len)
		return false;
	for (i = 0; i < len; i++) {
		if (name[*n - len + i] != suffix[i])
			return false;
	}
	*n -= len;
	return true;
}

static unsigned int find(const char *name, unsigned int len)
{
	unsigned int i, k;

	for (i = 0; i < NR_OPS; i++) {
		for (k = 0; k < len && ops[i].name[k] == name[k]; k++)
			;
		if (k == len && !ops[i].name[k])
			break;
	}
	return i;
}

static unsigned int field(uint64_t arg, unsigned int shift, unsigned int bits)
{
	return arg >> shift & ((1ULL << bits) - 1);
}

/* log2 of a granule's bytes by the TG field of TTL and of range operations. */
static unsigned int granule_of(unsigned int tg)
{
	return tg ? 10 + 2 * tg : 0;
}

/* Levels of which no granule's tables have leaves are reserved, and mean no hint. */
static void set_hint(struct arm64_tlbi *op, unsigned int granule, unsigned int level)
{
	if (!granule || !level || (granule == 14 && level == 1))
		return;
	op->granule = granule;
	op->level = level;
}

static void one_address(struct arm64_tlbi *op, uint64_t arg, const struct arm64_tlbi_state *s)
{
	unsigned int address_bits = op->stage2 ? 36 : 44;

	op->start = (arg & ((1ULL << address_bits) - 1)) << 12;
	/* The address names a page of any size; its low bits do not count. */
	op->end = op->start;
	if (s->have->ttl)
		set_hint(op, granule_of(field(arg, 46, 2)), field(arg, 44, 2));
}

static void address_range(struct arm64_tlbi *op, uint64_t arg)
{
	unsigned int granule = granule_of(field(arg, 46, 2)), scale = field(arg, 44, 2), num = field(arg, 39, 5);
	uint64_t base = arg & ((1ULL << 37) - 1), pages = (uint64_t)(num + 1) << (5 * scale + 1);

	/* Bits 36 to 0 are a signed number of pages. Of a virtual address only 56 bits count. */
	if (!op->stage2 && base >> 36)
		base |= ~0ULL << 37;
	op->start = (base << granule) & (op->stage2 ? ~0ULL : 0x00ffffffffffffffULL);
	op->end = op->start + (pages << granule) - 1;
	/* The granule must be right whatever the hint. */
	set_hint(op, granule, field(arg, 37, 2));
	op->granule = granule;
}

const char *arm64_tlbi_decode(const char *name, uint64_t arg, const struct arm64_tlbi_state *s,
			      struct arm64_tlbi *out)
{
	unsigned int n = length(name), i, skip = name[0] == 'r';
	bool shared;

	cut(name, &n, "nxs");
	shared = cut(name, &n, "is") || cut(name, &n, "os");
	i = n > skip ? find(name + skip, n - skip) : NR_OPS;
	if (i == NR_OPS || (skip && ops[i].operand != ADDRESS))
		return "no such operation";
	if (skip && !s->have->range)
		return "FEAT_TLBIRANGE is not there";
	*out = (struct arm64_tlbi){
		.stage1 = ops[i].stage1, .stage2 = ops[i].stage2, .el2 = ops[i].el2, .any_vmid = ops[i].any_vmid,
		.any_asid = ops[i].any_asid, .nonglobal = ops[i].operand == ASID,
		.by_address = ops[i].operand == ADDRESS, .leaf_only = ops[i].leaf_only,
		.broadcast = shared || (s->el1 && (s->hcr & ARM64_HCR_FB)),
		.level = ARM64_NO_LEVEL, .vmid = s->vmid, .end = ~0ULL,
	};
	/* With E2H and TGE, an operation on stage 1 of EL1&0 is one on EL2&0, whose addresses have no VMID. */
	if (out->stage1 && !out->stage2 && !s->el1 && (s->hcr & ARM64_HCR_E2H) && (s->hcr & ARM64_HCR_TGE))
		out->el2 = true;
	if (out->el2)
		out->vmid = 0;
	if (ops[i].operand != NONE && !out->stage2 && !out->any_asid)
		out->asid = field(arg, 48, 16) & (s->have->asid16 ? 0xffff : 0xff);
	if (out->by_address && skip)
		address_range(out, arg);
	else if (out->by_address)
		one_address(out, arg, s);
	/* Reserved: no granule. */
	if (skip && !out->granule)
		return "a range operation without a granule";
	return NULL;
}

bool arm64_dsb_waits(const char *option, const struct arm64_tlbi *op)
{
	unsigned int n = length(option);

	if (n >= 2 && option[n - 1] != 'h' && option[n - 1] != 'y')
		return false;	/* ...st, ...ld */
	return !op->broadcast || option[0] != 'n';
}

static bool overlaps(const struct arm64_tlbi *op, uint64_t start, unsigned int shift)
{
	uint64_t end = start + ((1ULL << shift) - 1);

	return !op->by_address || (op->start <= end && op->end >= start);
}

/* Where stage 2 has smaller pages than stage 1, a page of stage 1 is in several entries; all of them go. */
static bool overlaps_entry(const struct arm64_tlbi *op, const struct arm64_tlb_entry *e)
{
	unsigned int shift = arm64_tlb_shift(e);

	if (e->s1.level != ARM64_NO_LEVEL && arm64_level_shift(e->s1.granule, e->s1.level) > shift)
		shift = arm64_level_shift(e->s1.granule, e->s1.level);
	return overlaps(op, (e->page << 12) & ~((1ULL << shift) - 1), shift);
}

/*
 * A wrong hint removes nothing. Without one, an operation on one address fits every size, and a range only its granule.
 */
static bool hint_fits(const struct arm64_tlbi *op, const struct arm64_tlb_stage *stage)
{
	if (op->granule && op->granule != stage->granule)
		return false;
	return op->level == ARM64_NO_LEVEL || op->level == stage->level;
}

bool arm64_tlbi_hits(const struct arm64_tlbi *op, const struct arm64_tlb_entry *e)
{
	bool combined = e->kind != ARM64_TLB_IPA;

	if (!(combined ? op->stage1 : op->stage2) || op->el2 != (e->kind == ARM64_TLB_EL2))
		return false;
	if (!op->any_vmid && op->vmid != arm64_tag_vmid(e->tag))
		return false;
	if (combined && !op->any_asid) {
		bool global = e->tag & (ARM64_TAG_GLOBAL | ARM64_TAG_OFF);

		if (global ? op->nonglobal : op->asid != arm64_tag_asid(e->tag))
			return false;
	}
	return overlaps_entry(op, e) && hint_fits(op, combined ? &e->s1 : &e->s2);
}

bool arm64_tlbi_hits_table(const struct arm64_tlbi *op, const struct arm64_tlb_table *e)
{
	bool stage1 = e->kind != ARM64_TLB_IPA;

	if (op->leaf_only || !(stage1 ? op->stage1 : op->stage2) || op->el2 != (e->kind == ARM64_TLB_EL2))
		return false;
	if (!op->any_vmid && op->vmid != arm64_tag_vmid(e->tag))
		return false;
	if (stage1 && !op->any_asid && op->asid != arm64_tag_asid(e->tag))
		return false;
	if (op->granule && op->granule != e->granule)
		return false;
	/* Only the levels above the leaf, if that is known. */
	if (op->level != ARM64_NO_LEVEL && e->level >= op->level)
		return false;
	return overlaps(op, e->prefix << e->shift, e->shift);
}

static bool hits(const void *entry, const void *arg)
{
	return arm64_tlbi_hits(arg, entry);
}

static bool hits_table(const struct arm64_tlb_table *table, const void *arg)
{
	return arm64_tlbi_hits_table(arg, table);
}

unsigned int arm64_tlbi(struct arm64_tlb *t, const struct arm64_tlbi *op)
{
	return arm64_tlb_flush(t, hits, hits_table, op);
}
