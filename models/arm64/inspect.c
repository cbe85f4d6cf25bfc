// SPDX-License-Identifier: GPL-2.0-only
/* Inspection of stage 2 tables and of TLBs, for scenarios and the checks; changes nothing. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pgtable.h>
#include <kshim/hw.h>
#include "model.h"

#define DESC_VALID BIT_ULL(0)
#define DESC_TABLE BIT_ULL(1)
#define DESC_AF BIT_ULL(10)
#define LAST_LEVEL (ARM64_LEVELS - 1)

struct kvm_s2_mmu *arm64_s2_mmu(struct kvm *kvm, unsigned int i)
{
	if (!i)
		return &kvm->arch.mmu;
	return i <= kvm->arch.nested_mmus_size ? kvm->arch.nested_mmus[i - 1] : NULL;
}

bool arm64_s2_mmu_tables(const struct kvm_s2_mmu *mmu, struct arm64_tables *t)
{
	const struct arm64_stage2_regs regs = {
		.hcr = ARM64_HCR_VM | (arm64_have.fwb ? ARM64_HCR_FWB : 0), .vtcr = mmu->vtcr, .vttbr = mmu->pgd_phys,
	};
	struct arm64_fault f;

	if (!mmu->pgt || !arm64_s2_tables(&arm64_have, &regs, 0, t, &f))
		return false;
	t->ha = true;	/* a page without access flag is there, too */
	return true;
}

/* The stage 2 that a vCPU uses, if it is loaded or not. NULL: its guest is a guest's guest, for which there is none. */
static struct kvm_s2_mmu *mmu_of(struct kvm_vcpu *vcpu)
{
	struct kvm_s2_mmu *mmu;

	if (!vcpu_has_nv(vcpu) || is_hyp_ctxt(vcpu))
		return &vcpu->kvm->arch.mmu;
	write_lock(&vcpu->kvm->mmu_lock);
	mmu = lookup_s2_mmu(vcpu);
	write_unlock(&vcpu->kvm->mmu_lock);
	return mmu;
}

/* Levels count from the page up, like those of other architectures. */
static unsigned int level_from_page(unsigned int level)
{
	return ARM64_LEVELS - level;
}

int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out)
{
	/* Needs no rights, writes nothing. */
	const struct arm64_access look = { .at = true, .maintenance = true };
	struct kvm_s2_mmu *mmu = mmu_of(vcpu);
	struct arm64_tables t;
	struct arm64_leaf leaf;
	struct arm64_fault f;
	unsigned long flags;
	bool ok;

	memset(out, 0, sizeof(*out));
	if (!mmu || !arm64_s2_mmu_tables(mmu, &t) || gpa >> t.input_bits)
		return 0;
	flags = kshim_hw_access_begin();
	ok = arm64_walk(&t, &arm64_memory, NULL, gpa, &look, &leaf, &f);
	kshim_hw_access_end(flags);
	if (!ok)
		return (f.fsc & ~3) == ARM64_FSC_TRANSLATION ? 0 : -EFAULT;
	out->present = 1;
	out->writable = !!(leaf.rights & ARM64_W);
	out->executable = !!(leaf.rights & ARM64_X);
	out->accessed = !!(leaf.desc & DESC_AF);
	out->dirty = leaf.dirty;
	out->level = level_from_page(leaf.level);
	out->pfn = leaf.out >> PAGE_SHIFT;
	out->raw = leaf.desc;
	return 0;
}

/* The regime of a vCPU that may not be loaded. */
static u64 tag_of(struct kvm_vcpu *vcpu, struct kvm_s2_mmu *mmu)
{
	const struct arm64_regime s1 = {
		.sctlr = __vcpu_sys_reg(vcpu, SCTLR_EL1), .tcr = __vcpu_sys_reg(vcpu, TCR_EL1),
		.ttbr = { __vcpu_sys_reg(vcpu, TTBR0_EL1), __vcpu_sys_reg(vcpu, TTBR1_EL1) },
	};
	const struct arm64_stage2_regs s2 = { .vtcr = mmu->vtcr, .vttbr = kvm_get_vttbr(mmu) };
	const struct arm64_mmu m = { .have = &arm64_have, .s1 = &s1, .s2 = &s2 };

	return arm64_current_tag(&m);
}

/* An entry that an access to addr would use: of both stages, or with stage 1 off of stage 2. */
static const struct arm64_tlb_entry *find(struct arm64_tlb *t, u64 tag, u64 addr)
{
	const struct arm64_tlb_entry *e = arm64_tlb_lookup(t, ARM64_TLB_EL1, tag, addr & GENMASK_ULL(55, 0));

	if (e || !(tag & ARM64_TAG_OFF))
		return e;
	return arm64_tlb_lookup(t, ARM64_TLB_IPA, arm64_tlb_tag(arm64_tag_vmid(tag), 0), addr);
}

/* Any CPU's entry will do, because the vCPU may run on each of them. */
int kshim_hw_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out)
{
	const struct arm64_tlb_entry *e;
	struct kvm_s2_mmu *mmu = mmu_of(vcpu);
	int ret = -ENOENT;
	unsigned int cpu;
	u64 tag;

	memset(out, 0, sizeof(*out));
	if (!mmu)
		return ret;
	tag = tag_of(vcpu, mmu);
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS && ret; cpu++) {
		host_lock(&arm64_cpus[cpu].lock);
		e = find(&arm64_cpus[cpu].tlb, tag, addr);
		if (e) {
			*out = (struct kvmsim_mapping){
				.present = 1, .writable = !!(e->s2.rights & ARM64_W),
				.executable = !!(e->s2.rights & ARM64_X), .accessed = 1, .dirty = e->s2.dirty,
				.level = level_from_page(e->s2.level), .raw = e->s2.desc,
				.pfn = (e->pa + (addr & (BIT_ULL(arm64_tlb_shift(e)) - 1))) >> PAGE_SHIFT };
			ret = 0;
		}
		host_unlock(&arm64_cpus[cpu].lock);
	}
	return ret;
}

static unsigned int vmid_of(struct kvm_s2_mmu *mmu)
{
	const struct arm64_stage2_regs s2 = { .vtcr = mmu->vtcr, .vttbr = kvm_get_vttbr(mmu) };

	return arm64_vmid(&arm64_have, &s2);
}

const u64 *kshim_hw_entry_of(const struct kshim_guest_leaf *leaf)
{
	return leaf->entry;
}

struct visit {
	struct kvm *kvm;
	struct arm64_tables t;
	unsigned int vmid;
	bool nested;
	void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg);
	void *arg;
};

static void visit_leaf(struct visit *v, const u64 *entry, u64 desc, unsigned int level, u64 ipa)
{
	unsigned int shift = arm64_level_shift(v->t.granule, level), rights = arm64_stage2_rights(&v->t, desc);

	v->fn(v->kvm, &(struct kshim_guest_leaf){
		.where = v->nested ? "shadow stage 2" : "stage 2", .nested = v->nested,
		.gfn = ipa >> PAGE_SHIFT, .npages = BIT_ULL(shift) >> PAGE_SHIFT,
		.pfn = (desc & GENMASK_ULL(47, 12) & ~(BIT_ULL(shift) - 1)) >> PAGE_SHIFT,
		.writable = rights & ARM64_W, .executable = rights & ARM64_X, .accessed = desc & DESC_AF,
		.dirty = rights & ARM64_W, .raw = desc, .entry = entry }, v->arg);
}

static void visit_table(struct visit *v, u64 pa, unsigned int level, u64 ipa)
{
	unsigned int shift = arm64_level_shift(v->t.granule, level);
	unsigned int bits = level == v->t.start_level ? v->t.input_bits - shift : v->t.granule - 3U;
	const u64 *table = __va(pa);
	unsigned long i;

	if (!pfn_valid(PHYS_PFN(pa)))
		return;
	for (i = 0; i < 1UL << bits; i++) {
		u64 desc = READ_ONCE(table[i]), at = ipa + ((u64)i << shift);

		if (!(desc & DESC_VALID))
			continue;
		if (level < LAST_LEVEL && desc & DESC_TABLE)
			visit_table(v, desc & GENMASK_ULL(47, 12), level + 1, at);
		else
			visit_leaf(v, &table[i], desc, level, at);
	}
}

static void visit_tlbs(struct visit *v)
{
	char where[24];
	unsigned int cpu, i;

	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		snprintf(where, sizeof(where), "TLB of CPU %u", cpu);
		arm64_tlb_for_each(&arm64_cpus[cpu].tlb, i) {
			const struct arm64_tlb_entry *e = &arm64_cpus[cpu].tlb.entry[i];

			/* A VM that is gone may have had these frames: its entries have its VMID. */
			if (e->kind == ARM64_TLB_EL2 || arm64_tag_vmid(e->tag) != v->vmid || e->s2.root != v->t.base)
				continue;
			v->fn(v->kvm, &(struct kshim_guest_leaf){
				.where = where, .tlb = true, .nested = v->nested,
				.gfn = e->ipa >> PAGE_SHIFT, .pfn = e->pa >> PAGE_SHIFT,
				/* A guest's own page may be a part of one. */
				.npages = DIV_ROUND_UP(BIT_ULL(arm64_tlb_shift(e)), PAGE_SIZE),
				.writable = e->s2.rights & ARM64_W,
				.executable = e->s2.rights & ARM64_X, .accessed = true, .dirty = e->s2.dirty,
				.raw = e->s2.desc,
				.entry = e->s2.level == ARM64_NO_LEVEL ? NULL : __va(e->s2.desc_pa) }, v->arg);
		}
	}
}

void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg)
{
	struct visit v = { .kvm = kvm, .fn = fn, .arg = arg };
	struct kvm_s2_mmu *mmu;
	unsigned int i;

	for (i = 0; (mmu = arm64_s2_mmu(kvm, i)); i++) {
		if (!arm64_s2_mmu_tables(mmu, &v.t))
			continue;
		v.vmid = vmid_of(mmu);
		/* What is to be unmapped is of the time before, when its guest may have had tables of its own. */
		v.nested = i && (mmu->nested_stage2_enabled || mmu->pending_unmap);
		write_lock(&kvm->mmu_lock);
		visit_table(&v, v.t.base, v.t.start_level, 0);
		write_unlock(&kvm->mmu_lock);
		visit_tlbs(&v);
	}
}

int arm64_check_vm(struct kvm *kvm)
{
	struct kvm_s2_mmu *mmu;
	struct arm64_tables t;
	int findings = 0;
	unsigned int i;

	for (i = 0; (mmu = arm64_s2_mmu(kvm, i)); i++) {
		if (arm64_s2_mmu_tables(mmu, &t))
			findings += arm64_check_tables(t.base, vmid_of(mmu));
	}
	return findings;
}
