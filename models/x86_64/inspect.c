// SPDX-License-Identifier: GPL-2.0-only
/* Inspection of KVM's tables and the TLBs, for scenarios and the checks; changes nothing. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/vmx.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include "mmu/tdp_iter.h"
#include "x86.h"
#include "model.h"
#include <kshim/arch.h>
#include <kshim/hw.h>
#include <kshim/form/x86_mmio_spte_kvm.h>
#include <kshim/form/x86_tdp_mmu_global.h>

static u64 *table_at(u64 pa)
{
	return pfn_valid(PHYS_PFN(pa)) ? __va(pa) : NULL;
}

/* Returns whether this is a large leaf. Nested and shadow formats of KVM agree on the bit. */
static bool is_large(u64 spte, int level)
{
	return level > PG_LEVEL_4K && level <= PG_LEVEL_1G && (spte & PT_PAGE_SIZE_MASK);
}

static bool spte_writable(u64 spte)
{
	return spte & PT_WRITABLE_MASK;
}

static bool spte_executable(u64 spte)
{
	return model_personality == MODEL_EPT ? spte & VMX_EPT_EXECUTABLE_MASK : !(spte & PT64_NX_MASK);
}

/* Returns whether a CPU that walks these tables could use the entry. */
static bool spte_usable(u64 spte)
{
	u64 rights = model_personality == MODEL_EPT ? VMX_EPT_RWX_MASK : PT_PRESENT_MASK;

	return is_shadow_present_pte(spte) && (spte & rights);
}

static bool spte_accessed(u64 spte)
{
	return is_accessed_spte(spte);
}

static bool spte_dirty(u64 spte)
{
	return spte & shadow_dirty_mask;
}

/* Fills *out. *entry: where the walk of addr ends; NULL before that if there is no table. */
static int inspect_mapping(struct kvm_vcpu *vcpu, u64 addr, struct kvmsim_mapping *out, const u64 **entry)
{
	hpa_t root = vcpu->arch.mmu->root.hpa;
	int level = vcpu->arch.mmu->root_role.level;
	u64 *table, spte = 0, rights = ~0ULL;
	bool executable = true;

	memset(out, 0, sizeof(*out));
	if (!VALID_PAGE(root))
		return 0;
	for (; level >= PG_LEVEL_4K; level--) {
		unsigned int bits = level == 3 && vcpu->arch.mmu->root_role.level == PT32E_ROOT_LEVEL ? 2 : 9;

		table = table_at(root);
		if (!table)
			return -EFAULT;
		if (bits == 2)	/* the four PAE entries need not start a page */
			table = (u64 *)((unsigned long)table & ~31UL);
		*entry = &table[(addr >> (12 + 9 * (level - 1))) & ((1 << bits) - 1)];
		spte = READ_ONCE(**entry);
		if (bits == 2) {
			if (!(spte & PT_PRESENT_MASK))
				return 0;
			root = spte & SPTE_BASE_ADDR_MASK;
			continue;
		}
		if (kshim_is_mmio_spte(vcpu->kvm, spte)) {
			out->mmio = 1;
			out->level = level;
			out->raw = spte;
			return 0;
		}
		if (!is_shadow_present_pte(spte))
			return 0;
		rights &= spte;
		executable = executable && spte_executable(spte);
		if (level == PG_LEVEL_4K || is_large(spte, level))
			break;
		root = spte & SPTE_BASE_ADDR_MASK;
	}
	out->present = spte_usable(spte);
	out->writable = out->present && spte_writable(rights);
	out->executable = out->present && executable;
	out->accessed = spte_accessed(spte);
	out->dirty = spte_dirty(spte);
	out->level = level;
	out->pfn = spte_to_pfn(spte) + ((addr >> PAGE_SHIFT) & ((1UL << (9 * (level - 1))) - 1));
	out->raw = spte;
	return 0;
}

int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out)
{
	const u64 *entry;

	return inspect_mapping(vcpu, addr, out, &entry);
}

const u64 *kshim_hw_entry_of(const struct kshim_guest_leaf *leaf)
{
	const u64 *entry = leaf->entry;
	struct kvmsim_mapping now;

	if (leaf->vcpu)
		inspect_mapping(leaf->vcpu, leaf->addr, &now, &entry);
	return entry;
}

int kshim_hw_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	struct x86_tlb_entry *e = x86_tlb_find(v, addr);

	memset(out, 0, sizeof(*out));
	if (!e)
		return -ENOENT;
	out->present = 1;
	out->writable = !!(e->rights & TLB_W);
	out->executable = !!(e->rights & TLB_X);
	out->accessed = 1;
	out->dirty = e->dirty;
	out->level = e->level;
	out->pfn = e->pfn + ((addr >> PAGE_SHIFT) - e->page);
	out->raw = e->raw;
	return 0;
}

struct leaf_visit {
	struct kvm *kvm;
	void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg);
	void *arg;
};

static void visit_page(struct leaf_visit *v, struct kvm_mmu_page *sp, u64 *table, unsigned int as_id)
{
	struct kshim_guest_leaf leaf;
	unsigned int i;
	u64 spte;

	for (i = 0; i < SPTE_ENT_PER_PAGE; i++) {
		spte = READ_ONCE(table[i]);
		if (!spte_usable(spte) || kshim_is_mmio_spte(v->kvm, spte))
			continue;
		if (sp->role.level > PG_LEVEL_4K && !is_large(spte, sp->role.level))
			continue;
		leaf = (struct kshim_guest_leaf){
			.where = model_personality == MODEL_EPT ? "EPT" :
				 model_personality == MODEL_NPT ? "NPT" : "shadow table",
			.as_id = as_id,
			.gfn = x86_entry_gfn(__pa(&table[i])),
			.pfn = spte_to_pfn(spte),
			.npages = KVM_PAGES_PER_HPAGE(sp->role.level),
			.writable = spte_writable(spte),
			.executable = spte_executable(spte),
			.accessed = spte_accessed(spte),
			.dirty = spte_dirty(spte),
			.dirty_recorded = model_pml && !spte_dirty(spte),
			.raw = spte,
			.entry = &table[i],
		};
		v->fn(v->kvm, &leaf, v->arg);
	}
}

/* Visits the page-table pages below one of the TDP MMU's roots, depth first. */
static void visit_tdp(struct leaf_visit *v, u64 pa, unsigned int as_id)
{
	u64 *table = table_at(pa);
	struct kvm_mmu_page *sp;
	unsigned int i;

	if (!table)
		return;
	sp = root_to_sp(pa);
	visit_page(v, sp, table, as_id);
	for (i = 0; i < SPTE_ENT_PER_PAGE && sp->role.level > PG_LEVEL_4K; i++) {
		u64 spte = READ_ONCE(table[i]);

		if (is_shadow_present_pte(spte) && !is_large(spte, sp->role.level))
			visit_tdp(v, spte & SPTE_BASE_ADDR_MASK, as_id);
	}
}

static void visit_tlb(struct leaf_visit *v, struct kvm_vcpu *vcpu)
{
	struct x86_tlb *tlb = x86_vcpu_of(vcpu)->tlb;
	char where[32];
	unsigned int i;

	if (!tlb || x86_flush_pending(vcpu))
		return;
	snprintf(where, sizeof(where), "TLB of vCPU %d", vcpu->vcpu_id);
	x86_tlb_for_each(tlb, i) {
		const struct x86_tlb_entry *e = &tlb->entry[i];

		/* KVM flushes a root's entries before it loads it again, so entries of another root do not count. */
		if ((e->root & ~(TLB_PCID_MASK | TLB_ANY_PCID)) != x86_current_tag(x86_vcpu_of(vcpu)))
			continue;
		v->fn(v->kvm, &(struct kshim_guest_leaf){
			.where = where,
			.tlb = true,
			.as_id = e->as_id,
			.gfn = e->gfn,
			.pfn = e->pfn,
			.npages = 1UL << (9 * (e->level - 1)),
			.writable = e->rights & TLB_W,
			.executable = e->rights & TLB_X,
			.accessed = true,
			.dirty = e->dirty,
			.dirty_recorded = model_pml && !e->dirty,
			.raw = e->raw,
			.vcpu = vcpu,
			.addr = (model_nested_paging() ? e->gfn : e->page) << PAGE_SHIFT,
		}, v->arg);
	}
}

void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg)
{
	struct leaf_visit v = { .kvm = kvm, .fn = fn, .arg = arg };
	struct kvm_mmu_page *sp;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	write_lock(&kvm->mmu_lock);
	if (kshim_has_tdp_mmu(kvm)) {
		list_for_each_entry(sp, &kvm->arch.tdp_mmu_roots, link) {
			if (!sp->role.invalid)
				visit_tdp(&v, __pa(sp->spt), sp->role.smm);
		}
	}
	list_for_each_entry(sp, &kvm->arch.active_mmu_pages, link) {
		/* An unsync page's entries are valid until the guest flushes; the guest's own tables decide that. */
		if (!sp->role.invalid && sp->role.level <= PG_LEVEL_1G)
			visit_page(&v, sp, sp->spt, sp->role.smm);
	}
	write_unlock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, vcpu, kvm)
		visit_tlb(&v, vcpu);
}
