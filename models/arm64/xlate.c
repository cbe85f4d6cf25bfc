// SPDX-License-Identifier: GPL-2.0-only
/* One access's address translation; see xlate.h. */
#include "xlate.h"

/* Virtual addresses have 56 bits: the top byte is a tag, or repeats bit 55. */
#define ADDR_MASK 0x00ffffffffffffffULL

/* What stage 2 makes of an address. */
struct stage2_result {
	uint64_t pa;
	struct arm64_tlb_stage stage;
	enum arm64_memtype memtype, fetch_memtype; /* of both stages, for the given type of stage 1 */
};

static bool permission_fault(struct arm64_fault *f, const struct arm64_tlb_stage *stage, const struct arm64_access *a)
{
	*f = (struct arm64_fault){
		.failed = true, .fsc = ARM64_FSC_PERMISSION | stage->level, .write = arm64_wnr(a, stage->rights),
	};
	return false;
}

static bool stage2_fault(struct arm64_fault *f, uint64_t ipa)
{
	f->stage2 = true;
	f->ipa = ipa;
	return false;
}

static struct arm64_tlb_stage stage_of(const struct arm64_tables *t, const struct arm64_leaf *leaf)
{
	return (struct arm64_tlb_stage){
		.desc_pa = leaf->desc_pa, .desc = leaf->desc, .level = leaf->level, .granule = t->granule,
		.size = leaf->size, .rights = leaf->rights, .dirty = leaf->dirty, .root = t->base,
	};
}

static void fill(const struct arm64_mmu *m, uint64_t addr, const struct arm64_tlb_entry *e, struct arm64_xlat *x)
{
	struct arm64_tlb_entry *in = arm64_tlb_fill(m->tlb, addr, e);

	if (x->nr_filled < ARM64_XLAT_FILLS)
		x->filled[x->nr_filled++] = in - m->tlb->entry;
}

/* The entry permits the access, but a descriptor has to be made writable first. */
static bool needs_update(const struct arm64_tlb_stage *stage, const struct arm64_access *a)
{
	return a->write && !a->at && stage->level != ARM64_NO_LEVEL && !stage->dirty;
}

static uint64_t vmid_tag(const struct arm64_mmu *m)
{
	return arm64_tlb_tag(arm64_vmid(m->have, m->s2), 0);
}

/* Stage 2 of one address. */
static bool stage2(const struct arm64_mmu *m, uint64_t ipa, const struct arm64_access *a,
		   const enum arm64_memtype s1_type[2], struct stage2_result *r, struct arm64_xlat *x)
{
	uint64_t tag = vmid_tag(m);
	struct arm64_tlb_entry *e = arm64_tlb_lookup(m->tlb, ARM64_TLB_IPA, tag, ipa);
	struct arm64_start start, *from = NULL;
	struct arm64_tables t;
	struct arm64_leaf leaf;

	if (!arm64_s2_tables(m->have, m->s2, ipa, &t, &x->fault))
		return false;
	if (e && !arm64_allowed(e->s2.rights, a, true)) {
		permission_fault(&x->fault, &e->s2, a);
		return stage2_fault(&x->fault, ipa);
	}
	if (e && needs_update(&e->s2, a)) {
		arm64_tlb_drop(m->tlb, ARM64_TLB_IPA, tag, ipa);
		e = NULL;
	}
	if (e) {
		r->stage = e->s2;
		r->pa = e->pa + (ipa - e->ipa);
	} else {
		if (arm64_tlb_start(m->tlb, ARM64_TLB_IPA, tag, &t, ipa, &start))
			from = &start;
		if (!arm64_walk(&t, m->memory, from, ipa, a, &leaf, &x->fault)) {
			if (!a->at)
				arm64_tlb_fill_tables(m->tlb, ARM64_TLB_IPA, tag, &t, ipa, &leaf);
			return false;
		}
		r->stage = stage_of(&t, &leaf);
		r->pa = leaf.out;
		if (!a->at) {
			arm64_tlb_fill_tables(m->tlb, ARM64_TLB_IPA, tag, &t, ipa, &leaf);
			fill(m, ipa, &(struct arm64_tlb_entry){
				.kind = ARM64_TLB_IPA, .tag = tag, .pa = leaf.out, .ipa = ipa,
				.s1 = { .level = ARM64_NO_LEVEL }, .s2 = r->stage,
				.memtype = leaf.memtype, .fetch_memtype = leaf.memtype,
				.s1_memtype = ARM64_NORMAL_WB,
			}, x);
		}
	}
	r->memtype = arm64_memtype_combined(&t, r->stage.desc, s1_type[0]);
	r->fetch_memtype = arm64_memtype_combined(&t, r->stage.desc, s1_type[1]);
	return true;
}

struct locate_arg {
	const struct arm64_mmu *m;
	const struct arm64_access *a;
	struct arm64_xlat *x;
};

/* Stage 2 of a stage 1 descriptor's address: data, whatever the access is. */
static bool locate(void *ctx, uint64_t ipa, bool write, uint64_t *pa, struct arm64_fault *f)
{
	static const enum arm64_memtype cacheable[2] = { ARM64_NORMAL_WB, ARM64_NORMAL_WB };
	const struct locate_arg *l = ctx;
	const struct arm64_access a = { .read = !write, .write = write, .at = l->a->at };
	struct stage2_result r;
	bool ok = stage2(l->m, ipa, &a, cacheable, &r, l->x);

	if (ok && (l->m->s2->hcr & ARM64_HCR_PTW) && r.memtype < ARM64_NORMAL_NC) {
		permission_fault(&l->x->fault, &r.stage, &a);
		ok = stage2_fault(&l->x->fault, ipa);
	}
	*f = l->x->fault;
	f->s1ptw = !ok;
	*pa = r.pa;
	return ok;
}

static bool stage1_off(const struct arm64_mmu *m)
{
	return !(m->s1->sctlr & ARM64_SCTLR_M) || (!m->el2 && (m->s2->hcr & ARM64_HCR_DC));
}

uint64_t arm64_current_tag(const struct arm64_mmu *m)
{
	uint64_t tag = m->el2 ? 0 : vmid_tag(m);

	return stage1_off(m) ? tag | ARM64_TAG_OFF : tag | arm64_asid(m->have, m->s1);
}

static bool fail(struct arm64_xlat *x, unsigned int fsc, const struct arm64_access *a)
{
	x->fault = (struct arm64_fault){ .failed = true, .fsc = fsc, .write = arm64_wnr(a, 0) };
	return false;
}

static bool alignment_fault(struct arm64_xlat *x, const struct arm64_access *a)
{
	x->fault = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_ALIGNMENT, .write = a->write };
	return false;
}

/* The tables of stage 1, if it is on. Fails for an address out of range, whatever the TLB has. */
static bool tables(const struct arm64_mmu *m, uint64_t addr, const struct arm64_access *a, struct arm64_tables *t,
		   uint64_t *in, struct arm64_xlat *x)
{
	if (stage1_off(m))
		return !((addr & ADDR_MASK) >> m->have->pa_bits) || fail(x, ARM64_FSC_ADDRESS_SIZE, a);
	if (arm64_s1_tables(m->have, m->s1, addr, a->user, t, in, &x->fault))
		return true;
	x->fault.write = arm64_wnr(a, 0);
	return false;
}

/* Stage 1 of an access: fills e's first half. */
static bool stage1(const struct arm64_mmu *m, uint64_t addr, const struct arm64_access *a, struct arm64_tables *t,
		   uint64_t in, struct arm64_tlb_entry *e, enum arm64_memtype type[2], struct arm64_xlat *x)
{
	struct locate_arg l = { .m = m, .a = a, .x = x };
	struct arm64_start start, *from = NULL;
	struct arm64_leaf leaf;
	bool ok;

	if (stage1_off(m)) {
		bool cached = !m->el2 && (m->s2->hcr & ARM64_HCR_DC);

		e->s1 = (struct arm64_tlb_stage){ .level = ARM64_NO_LEVEL, .rights = ARM64_ALL_RIGHTS };
		e->ipa = addr & ADDR_MASK;
		type[0] = cached ? ARM64_NORMAL_WB : ARM64_DEVICE_nGnRnE;
		type[1] = cached || (m->s1->sctlr & ARM64_SCTLR_I) ? ARM64_NORMAL_WT : ARM64_NORMAL_NC;
		return cached || !arm64_unaligned(a, addr) || alignment_fault(x, a);
	}
	if (arm64_has_stage2(m)) {
		t->locate = locate;
		t->locate_ctx = &l;
	}
	if (arm64_tlb_start(m->tlb, e->kind, e->tag, t, addr & ADDR_MASK, &start))
		from = &start;
	ok = arm64_walk(t, m->memory, from, in, a, &leaf, &x->fault);
	if (!a->at)
		arm64_tlb_fill_tables(m->tlb, e->kind, e->tag, t, addr & ADDR_MASK, &leaf);
	if (!ok)
		return false;
	e->s1 = stage_of(t, &leaf);
	e->ipa = leaf.out;
	if (leaf.global)
		e->tag = (e->tag & ~0xffffULL) | ARM64_TAG_GLOBAL;
	type[0] = type[1] = leaf.memtype;
	return true;
}

/* Both stages by their walks. */
static bool translate(const struct arm64_mmu *m, uint64_t addr, const struct arm64_access *a,
		      struct arm64_tables *t, uint64_t in, struct arm64_tlb_entry *e, struct arm64_xlat *x)
{
	enum arm64_memtype type[2];
	struct stage2_result r;

	if (!stage1(m, addr, a, t, in, e, type, x))
		return false;
	e->s1_memtype = type[0];
	if (!arm64_has_stage2(m) || a->stage1_only) {
		e->s2 = (struct arm64_tlb_stage){ .level = ARM64_NO_LEVEL, .rights = ARM64_ALL_RIGHTS };
		e->pa = e->ipa;
		e->memtype = type[0];
		e->fetch_memtype = type[1];
		if (m->el2)
			e->ipa = 0;
		return true;
	}
	if (!stage2(m, e->ipa, a, type, &r, x))
		return false;
	e->s2 = r.stage;
	e->pa = r.pa;
	e->memtype = r.memtype;
	e->fetch_memtype = r.fetch_memtype;
	return true;
}

/* What the type of both stages does not support: unaligned accesses, and atomic ones unless it is Write-Back. */
static bool check_type(const struct arm64_access *a, uint64_t addr, struct arm64_xlat *x, bool has_stage2)
{
	if (arm64_unaligned(a, addr) && x->memtype < ARM64_NORMAL_NC) {
		alignment_fault(x, a);
		return has_stage2 && stage2_fault(&x->fault, x->ipa);
	}
	if (!a->atomic || x->memtype >= ARM64_NORMAL_WB)
		return true;
	x->fault = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_ATOMIC, .write = a->write };
	return has_stage2 && x->s1_memtype >= ARM64_NORMAL_WB && stage2_fault(&x->fault, x->ipa);
}

bool arm64_xlate(const struct arm64_mmu *m, uint64_t addr, const struct arm64_access *a, struct arm64_xlat *x)
{
	enum arm64_tlb_kind kind = m->el2 ? ARM64_TLB_EL2 : ARM64_TLB_EL1;
	uint64_t tag = arm64_current_tag(m), masked = addr & ADDR_MASK;
	struct arm64_tlb_entry *e = NULL, new;
	struct arm64_tables t;
	uint64_t in = 0;

	x->fault.failed = false;
	x->pa = 0;
	x->hit = false;
	x->nr_filled = 0;
	if ((m->s1->sctlr & ARM64_SCTLR_A) && arm64_unaligned(a, addr))
		return alignment_fault(x, a);
	if (!tables(m, addr, a, &t, &in, x))
		return false;
	if (!a->at)
		e = arm64_tlb_lookup(m->tlb, kind, tag, masked);
	if (e && e->s1_memtype < ARM64_NORMAL_NC && arm64_unaligned(a, addr))
		return alignment_fault(x, a);
	if (e && !arm64_allowed(e->s1.rights, a, false))
		return permission_fault(&x->fault, &e->s1, a);
	if (e && !arm64_allowed(e->s2.rights, a, true)) {
		permission_fault(&x->fault, &e->s2, a);
		return stage2_fault(&x->fault, e->ipa + (masked - (e->page << 12)));
	}
	if (e && (needs_update(&e->s1, a) || needs_update(&e->s2, a))) {
		arm64_tlb_drop(m->tlb, kind, tag, masked);
		e = NULL;
	}
	x->hit = e;
	if (!e) {
		new = (struct arm64_tlb_entry){ .kind = kind, .tag = tag };
		if (!translate(m, addr, a, &t, in, &new, x))
			return false;
		x->pa = new.pa;
		x->ipa = new.ipa;
		e = &new;
		if (!a->at) {
			fill(m, masked, &new, x);
			e = &m->tlb->entry[x->filled[x->nr_filled - 1]];
		}
	} else {
		x->pa = e->pa + (masked - (e->page << 12));
		x->ipa = m->el2 ? 0 : e->ipa + (masked - (e->page << 12));
	}
	x->shift = a->at ? 12 : arm64_tlb_shift(e);
	x->rights = e->s1.rights & e->s2.rights;
	x->memtype = a->fetch ? e->fetch_memtype : e->memtype;
	x->s1_memtype = e->s1_memtype;
	return check_type(a, addr, x, arm64_has_stage2(m));
}
