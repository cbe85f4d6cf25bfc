// SPDX-License-Identifier: GPL-2.0-only
/* The walks of VMSAv8-64; see walk.h. */
#include "walk.h"

#define BIT64(n) (1ULL << (n))

/* Descriptors. */
#define DESC_VALID BIT64(0)
#define DESC_TABLE BIT64(1)	/* below level 3 a table, at level 3 a page */
#define DESC_S1_USER BIT64(6)	/* AP[1] */
#define DESC_S1_RO BIT64(7)	/* AP[2] */
#define DESC_S2_R BIT64(6)	/* S2AP[0] */
#define DESC_S2_W BIT64(7)	/* S2AP[1] */
#define DESC_AF BIT64(10)
#define DESC_NG BIT64(11)
#define DESC_DBM BIT64(51)
#define DESC_CONTIGUOUS BIT64(52)
#define DESC_PXN BIT64(53)	/* stage 2: XN[0] */
#define DESC_UXN BIT64(54)	/* stage 2: XN[1] */
#define TABLE_PXN BIT64(59)
#define TABLE_UXN BIT64(60)
#define TABLE_NO_USER BIT64(61)	/* APTable[0] */
#define TABLE_RO BIT64(62)	/* APTable[1] */
#define OUTPUT_MASK 0x0000fffffffff000ULL

#define LAST_LEVEL (ARM64_LEVELS - 1)

static unsigned int field(uint64_t reg, unsigned int shift, unsigned int bits)
{
	return reg >> shift & (BIT64(bits) - 1);
}

static unsigned int output_bits(const struct arm64_features *have, unsigned int ps)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

	return bits[ps] < have->pa_bits ? bits[ps] : have->pa_bits;
}

static bool fail(struct arm64_fault *f, unsigned int fsc)
{
	*f = (struct arm64_fault){ .failed = true, .fsc = fsc };
	return false;
}

unsigned int arm64_contiguous_shift(unsigned int granule, unsigned int level)
{
	static const uint8_t neighbours[3][ARM64_LEVELS] = { { 0, 4, 4, 4 }, { 0, 0, 5, 7 }, { 0, 0, 5, 5 } };

	return arm64_level_shift(granule, level) + neighbours[(granule - 12) / 2][level];
}

/* --- from registers to tables --- */

static unsigned int granule0(uint64_t reg)
{
	static const uint8_t shift[] = { 12, 16, 14, 12 };

	return shift[field(reg, 14, 2)];
}

static unsigned int granule1(uint64_t tcr)
{
	static const uint8_t shift[] = { 12, 14, 12, 16 };

	return shift[field(tcr, 30, 2)];
}

/* Reports sizes of the input that the architecture does not have. */
static bool input_fits(const struct arm64_features *have, const struct arm64_tables *t)
{
	unsigned int least = have->ttst ? (t->granule == 16 ? 17 : 16) : 25;

	return t->input_bits >= least && t->input_bits <= 48;
}

/* The tables begin at a multiple of their size. */
static bool set_base(struct arm64_tables *t, uint64_t ttbr, struct arm64_fault *f)
{
	unsigned int entries = t->input_bits - arm64_level_shift(t->granule, t->start_level);

	t->base = ttbr & 0xfffffffffffeULL & ~(BIT64(entries + 3) - 1);
	return !(t->base >> t->output_bits) || fail(f, ARM64_FSC_ADDRESS_SIZE);
}

bool arm64_s1_tables(const struct arm64_features *have, const struct arm64_regime *r, uint64_t va, bool user,
		     struct arm64_tables *t, uint64_t *in, struct arm64_fault *f)
{
	unsigned int upper = field(va, 55, 1), stride;
	bool tagged = field(r->tcr, 37 + upper, 1), disabled = field(r->tcr, upper ? 23 : 7, 1);
	uint64_t sign = upper ? ~0ULL : 0, top;

	*t = (struct arm64_tables){
		.granule = upper ? granule1(r->tcr) : granule0(r->tcr),
		.input_bits = 64 - field(r->tcr, upper ? 16 : 0, 6),
		.output_bits = output_bits(have, field(r->tcr, 32, 3)),
		.ha = have->haf && field(r->tcr, 39, 1),
		.hd = have->dbm && field(r->tcr, 39, 1) && field(r->tcr, 40, 1),
		.hpd = field(r->tcr, 41 + upper, 1),
		.wxn = r->sctlr & ARM64_SCTLR_WXN,
		.no_cache = !(r->sctlr & ARM64_SCTLR_C),
		.mair = r->mair,
	};
	/* E0PDn keeps EL0 out of one half. */
	if (disabled || (user && field(r->tcr, 55 + upper, 1)) || !input_fits(have, t))
		return fail(f, ARM64_FSC_TRANSLATION);
	top = (va ^ sign) >> t->input_bits;
	if (tagged)
		top &= BIT64(56 - t->input_bits) - 1;
	if (top)
		return fail(f, ARM64_FSC_TRANSLATION);
	stride = t->granule - 3;
	t->start_level = ARM64_LEVELS - (t->input_bits - t->granule + stride - 1) / stride;
	*in = va & (BIT64(t->input_bits) - 1);
	return set_base(t, r->ttbr[upper], f);
}

/* Returns the level at which SL0 lets a walk begin, or ARM64_LEVELS. */
static unsigned int start_level(const struct arm64_features *have, const struct arm64_tables *t, unsigned int sl0)
{
	unsigned int level = (t->granule == 12 ? 2 : 3) - sl0;

	if (t->granule == 12 && sl0 == 3)
		return have->ttst ? 3 : ARM64_LEVELS;
	/* Level 0 is there with 4 KiB and 44 bits; level 1 with 16 KiB and 42 bits, or with 64 KiB and 44 bits. */
	if (t->granule == 12 ? !level && have->pa_bits < 44 : !level)
		return ARM64_LEVELS;
	if (level == 1 && have->pa_bits < (t->granule == 12 ? 0 : t->granule == 14 ? 42 : 44))
		return ARM64_LEVELS;
	return level;
}

bool arm64_s2_tables(const struct arm64_features *have, const struct arm64_stage2_regs *r, uint64_t ipa,
		     struct arm64_tables *t, struct arm64_fault *f)
{
	int entries;
	bool ok;

	*t = (struct arm64_tables){
		.stage2 = true,
		.granule = granule0(r->vtcr),
		.input_bits = 64 - field(r->vtcr, 0, 6),
		.output_bits = output_bits(have, field(r->vtcr, 16, 3)),
		.ha = have->haf && field(r->vtcr, 21, 1),
		.hd = have->dbm && field(r->vtcr, 21, 1) && field(r->vtcr, 22, 1),
		.xnx = have->xnx,
		.fwb = have->fwb && (r->hcr & ARM64_HCR_FWB),
		.no_cache = r->hcr & ARM64_HCR_CD,
	};
	t->start_level = start_level(have, t, field(r->vtcr, 6, 2));
	ok = input_fits(have, t) && t->start_level < ARM64_LEVELS;
	if (ok) {
		/* One table, or up to 16 that follow each other. */
		entries = t->input_bits - (int)arm64_level_shift(t->granule, t->start_level);
		ok = entries >= 1 && entries <= t->granule - 3 + 4 && !(ipa >> t->input_bits);
	}
	ok = ok ? set_base(t, r->vttbr, f) : fail(f, ARM64_FSC_TRANSLATION);
	if (!ok) {
		f->stage2 = true;
		f->ipa = ipa;
	}
	return ok;
}

unsigned int arm64_asid(const struct arm64_features *have, const struct arm64_regime *r)
{
	unsigned int asid = field(r->ttbr[field(r->tcr, 22, 1)], 48, 16);

	return have->asid16 && field(r->tcr, 36, 1) ? asid : asid & 0xff;
}

unsigned int arm64_vmid(const struct arm64_features *have, const struct arm64_stage2_regs *r)
{
	unsigned int vmid = field(r->vttbr, 48, 16);

	return have->vmid16 && field(r->vtcr, 19, 1) ? vmid : vmid & 0xff;
}

/* --- memory types --- */

static enum arm64_memtype cacheability(unsigned int half)
{
	/* MAIR's halves: 0b0100 is Non-cacheable, 0bx1xx else Write-Back, the others Write-Through. */
	if (half == 4)
		return ARM64_NORMAL_NC;
	return half & 4 ? ARM64_NORMAL_WB : ARM64_NORMAL_WT;
}

static enum arm64_memtype weaker(enum arm64_memtype a, enum arm64_memtype b)
{
	return a < b ? a : b;
}

enum arm64_memtype arm64_memtype_mair(uint8_t attr)
{
	if (!(attr & 0xf0))
		return attr >> 2 & 3;
	if (attr == 0xf0)
		return ARM64_NORMAL_TAGGED;
	return weaker(cacheability(attr >> 4), cacheability(attr & 0xf));
}

static enum arm64_memtype stage2_memtype(unsigned int memattr)
{
	static const uint8_t normal[] = { ARM64_NORMAL_NC, ARM64_NORMAL_NC, ARM64_NORMAL_WT, ARM64_NORMAL_WB };

	if (!(memattr & 0xc))
		return memattr & 3;
	return weaker(normal[memattr >> 2], normal[memattr & 3]);
}

enum arm64_memtype arm64_memtype_combined(const struct arm64_tables *s2, uint64_t s2_desc, enum arm64_memtype s1)
{
	unsigned int memattr = s2_desc >> 2 & 0xf;
	enum arm64_memtype type;

	if (!s2->fwb)
		type = weaker(s1, stage2_memtype(memattr));
	else if (!(memattr & 4))
		type = weaker(s1, memattr & 3);
	else if ((memattr & 7) == 6)
		type = ARM64_NORMAL_WB;
	else if ((memattr & 7) == 7)
		type = s1;
	else
		type = weaker(s1, ARM64_NORMAL_NC);
	/* Stage 2 has no type of its own for it: whatever is Write-Back is still tagged. */
	if (s1 == ARM64_NORMAL_TAGGED && type == ARM64_NORMAL_WB)
		type = s1;
	return s2->no_cache ? weaker(type, ARM64_NORMAL_NC) : type;
}

static enum arm64_memtype leaf_memtype(const struct arm64_tables *t, uint64_t desc)
{
	enum arm64_memtype type;

	if (t->stage2)
		return arm64_memtype_combined(t, desc, ARM64_NORMAL_WB);
	type = arm64_memtype_mair(t->mair >> 8 * (desc >> 2 & 7));
	return t->no_cache ? weaker(type, ARM64_NORMAL_NC) : type;
}

/* --- rights --- */

static unsigned int table_rights(const struct arm64_tables *t, uint64_t desc)
{
	unsigned int rights = ARM64_ALL_RIGHTS;

	if (t->stage2 || t->hpd)
		return rights;
	if (desc & TABLE_RO)
		rights &= ~(ARM64_W | ARM64_UW);
	if (desc & TABLE_NO_USER)
		rights &= ~(ARM64_UR | ARM64_UW);
	if (desc & TABLE_PXN)
		rights &= ~ARM64_X;
	if (desc & TABLE_UXN)
		rights &= ~ARM64_UX;
	return rights;
}

static bool by_dbm(const struct arm64_tables *t, uint64_t desc)
{
	return t->hd && (desc & DESC_DBM);
}

unsigned int arm64_stage2_rights(const struct arm64_tables *t, uint64_t desc)
{
	unsigned int rights = 0, xn = field(desc, 53, 2);

	if (desc & DESC_S2_R)
		rights |= ARM64_R | ARM64_UR;
	if ((desc & DESC_S2_W) || by_dbm(t, desc))
		rights |= ARM64_W | ARM64_UW;
	if (!t->xnx)
		return xn & 2 ? rights : rights | ARM64_X | ARM64_UX;
	if (xn == 0 || xn == 3)
		rights |= ARM64_X;
	if (xn == 0 || xn == 1)
		rights |= ARM64_UX;
	return rights;
}

static unsigned int stage1_rights(const struct arm64_tables *t, uint64_t desc, unsigned int above)
{
	unsigned int rights = ARM64_R;
	bool write = !(desc & DESC_S1_RO) || by_dbm(t, desc);

	if (write)
		rights |= ARM64_W;
	if (desc & DESC_S1_USER)
		rights |= ARM64_UR | (write ? ARM64_UW : 0);
	if (!(desc & DESC_PXN))
		rights |= ARM64_X;
	if (!(desc & DESC_UXN))
		rights |= ARM64_UX;
	rights &= above;
	/* EL1 never executes what EL0 can write. */
	if ((rights & ARM64_UW) || (t->wxn && (rights & ARM64_W)))
		rights &= ~ARM64_X;
	if (t->wxn && (rights & ARM64_UW))
		rights &= ~ARM64_UX;
	return rights;
}

static bool is_writable(const struct arm64_tables *t, uint64_t desc)
{
	return t->stage2 ? desc & DESC_S2_W : !(desc & DESC_S1_RO);
}

static uint64_t make_writable(const struct arm64_tables *t, uint64_t desc)
{
	return t->stage2 ? desc | DESC_S2_W : desc & ~DESC_S1_RO;
}

bool arm64_allowed(unsigned int rights, const struct arm64_access *a, bool stage2)
{
	if (a->maintenance && !a->user)
		return true;
	if (a->fetch)
		return rights & (a->user ? ARM64_UX : ARM64_X);
	if ((a->read || a->maintenance) && !(rights & (a->user ? ARM64_UR : ARM64_R)))
		return false;
	if (a->write && !(rights & (a->user ? ARM64_UW : ARM64_W)))
		return false;
	return stage2 || a->user || !a->pan || !(rights & ARM64_UR);
}

bool arm64_wnr(const struct arm64_access *a, unsigned int rights)
{
	struct arm64_access read = *a;

	if (a->maintenance)
		return true;
	read.write = false;
	/* An exchange reports a write only if the read alone would have worked. */
	return a->write && (!a->read || arm64_allowed(rights, &read, true));
}

/* --- the walk --- */

static bool is_block_level(const struct arm64_tables *t, unsigned int level)
{
	return level == 2 || (level == 1 && t->granule == 12);
}

enum desc_kind { INVALID, TABLE, LEAF };

static enum desc_kind kind_of(const struct arm64_tables *t, uint64_t desc, unsigned int level)
{
	if (!(desc & DESC_VALID))
		return INVALID;
	if (level == LAST_LEVEL)
		return desc & DESC_TABLE ? LEAF : INVALID;
	if (desc & DESC_TABLE)
		return TABLE;
	return is_block_level(t, level) ? LEAF : INVALID;
}

/* The state of a walk at one level. */
struct step {
	const struct arm64_tables *t;
	const struct arm64_memory *m;
	const struct arm64_access *a;
	struct arm64_leaf *leaf;
	struct arm64_fault *f;
	unsigned int level;
	uint64_t where;		/* physical address of the descriptor */
	uint64_t desc;
	unsigned int rights;	/* that the levels above leave */
};

static bool fail_at(struct step *s, unsigned int fsc, unsigned int rights)
{
	fail(s->f, fsc | s->level);
	s->f->write = arm64_wnr(s->a, rights);
	return false;
}

/* The address that a descriptor holds, of a table or a leaf; false if it has more bits than the output. */
static bool output(struct step *s, unsigned int shift, uint64_t *out)
{
	*out = s->desc & OUTPUT_MASK & ~(BIT64(shift) - 1);
	return !(*out >> s->t->output_bits) || fail_at(s, ARM64_FSC_ADDRESS_SIZE, 0);
}

/* Reads the descriptor. For stage 1 of a guest its place must be found first. */
static bool read_desc(struct step *s, bool update)
{
	if (s->t->locate && !s->t->locate(s->t->locate_ctx, s->leaf->desc_ipa, update, &s->where, s->f))
		return false;
	if (!update && !s->m->read(s->m->ctx, s->where, &s->desc))
		return fail_at(s, ARM64_FSC_EXTERNAL_WALK, 0);
	return true;
}

/* Writes AF and dirty state back. *again: somebody has changed the descriptor, which is to be looked at anew. */
static bool update_desc(struct step *s, uint64_t new, bool *again)
{
	uint64_t old = s->desc;
	bool done;

	*again = false;
	if (new == old || s->a->at)
		return true;
	if (!read_desc(s, true))
		return false;
	if (!s->m->cmpxchg(s->m->ctx, s->where, &old, new, &done))
		return fail_at(s, ARM64_FSC_EXTERNAL_WALK, 0);
	*again = !done;
	s->desc = done ? new : old;
	return true;
}

/* Judges the leaf descriptor s->desc. */
static bool use_leaf(struct step *s, uint64_t addr, bool *again)
{
	unsigned int shift = arm64_level_shift(s->t->granule, s->level);
	struct arm64_leaf *leaf = s->leaf;
	uint64_t new = s->desc, out;

	if (!output(s, shift, &out))
		return false;
	if (!(s->desc & DESC_AF)) {
		if (!s->t->ha)
			return fail_at(s, ARM64_FSC_ACCESS_FLAG, 0);
		new |= DESC_AF;
	}
	leaf->rights = s->t->stage2 ? arm64_stage2_rights(s->t, s->desc) : stage1_rights(s->t, s->desc, s->rights);
	leaf->memtype = leaf_memtype(s->t, s->desc);
	/* Stage 1's own type decides, whatever stage 2 makes of it; and before its rights. */
	if (!s->t->stage2 && leaf->memtype < ARM64_NORMAL_NC && arm64_unaligned(s->a, addr)) {
		fail(s->f, ARM64_FSC_ALIGNMENT);
		s->f->write = s->a->write;
		return false;
	}
	if (!arm64_allowed(leaf->rights, s->a, s->t->stage2))
		return fail_at(s, ARM64_FSC_PERMISSION, leaf->rights);
	if (s->a->write && !is_writable(s->t, s->desc))
		new = make_writable(s->t, new);
	if (!update_desc(s, new, again))
		return false;
	if (*again)
		return true;
	leaf->out = out | (addr & (BIT64(shift) - 1));
	leaf->desc_pa = s->where;
	leaf->desc = s->desc;
	leaf->level = s->level;
	leaf->size = shift;
	/* A group whose output is not aligned like it is no group. */
	if (s->desc & DESC_CONTIGUOUS) {
		unsigned int whole = arm64_contiguous_shift(s->t->granule, s->level);

		if (!((leaf->out ^ addr) & (BIT64(whole) - 1)))
			leaf->size = whole;
	}
	leaf->dirty = is_writable(s->t, s->desc);
	leaf->global = !s->t->stage2 && !(s->desc & DESC_NG);
	return true;
}

/* Goes on to the table that s->desc leads to. */
static bool use_table(struct step *s, uint64_t *table)
{
	struct arm64_leaf *leaf = s->leaf;

	if (!output(s, s->t->granule, table))
		return false;
	s->rights &= table_rights(s->t, s->desc);
	leaf->via[s->level] = (struct arm64_step){ .desc_pa = s->where, .desc = s->desc };
	leaf->via_rights[s->level] = s->rights;
	leaf->via_table[s->level] = *table;
	return true;
}

static uint64_t index_of(const struct arm64_tables *t, uint64_t addr, unsigned int level)
{
	unsigned int shift = arm64_level_shift(t->granule, level);
	unsigned int bits = level == t->start_level ? t->input_bits - shift : t->granule - 3U;

	return addr >> shift & (BIT64(bits) - 1);
}

static bool walk(struct step *s, uint64_t table, uint64_t addr)
{
	enum desc_kind kind;
	bool again = false;

	for (;;) {
		s->leaf->desc_ipa = s->where = table + 8 * index_of(s->t, addr, s->level);
		if (!read_desc(s, false))
			return false;
		do {
			kind = kind_of(s->t, s->desc, s->level);
			if (kind == INVALID)
				return fail_at(s, ARM64_FSC_TRANSLATION, 0);
			if (kind == LEAF && !use_leaf(s, addr, &again))
				return false;
		} while (kind == LEAF && again);
		if (kind == LEAF)
			return true;
		if (!use_table(s, &table))
			return false;
		s->level++;
	}
}

bool arm64_walk(const struct arm64_tables *t, const struct arm64_memory *m, const struct arm64_start *start,
		uint64_t addr, const struct arm64_access *a, struct arm64_leaf *leaf, struct arm64_fault *f)
{
	struct step s = { .t = t, .m = m, .a = a, .leaf = leaf, .f = f,
			  .level = start ? start->level : t->start_level,
			  .rights = start ? start->rights : ARM64_ALL_RIGHTS };
	unsigned int level;

	__builtin_memset(leaf, 0, sizeof(*leaf));
	for (level = 0; level < ARM64_LEVELS; level++)
		leaf->via[level].desc_pa = ARM64_NO_ADDR;
	f->failed = false;
	if (walk(&s, start ? start->table : t->base, addr))
		return true;
	if (t->stage2) {
		f->stage2 = true;
		f->ipa = addr;
	}
	return false;
}

uint32_t arm64_iss(const struct arm64_fault *f, const struct arm64_access *a)
{
	return f->fsc | (f->write && !a->fetch ? ARM64_ISS_WNR : 0) | (f->s1ptw ? ARM64_ISS_S1PTW : 0) |
	       (a->maintenance ? ARM64_ISS_CM : 0);
}
