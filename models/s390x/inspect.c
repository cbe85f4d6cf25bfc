// SPDX-License-Identifier: GPL-2.0-only
/* Inspection of guest address spaces (struct gmap), PGSTEs and TLBs, for scenarios and the checks; changes nothing. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/gmap.h>
#include <asm/pgtable.h>
#include "model.h"
#include <kshim/arch.h>
#include <kshim/hw.h>
#include <kshim/process.h>

static struct gmap *gmap_of(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.gmap;	/* the VM's, or under ucontrol the vCPU's own */
}

/* Software bits of the entry that ended a walk: a page-table entry or a large segment-table entry. */
static void soft_bits(const struct dat_result *r, uint8_t *accessed, uint8_t *dirty)
{
	bool page = r->level == DAT_PAGE;

	*accessed = !!(r->entry & (page ? _PAGE_YOUNG : _SEGMENT_ENTRY_YOUNG));
	*dirty = !!(r->entry & (page ? _PAGE_DIRTY : _SEGMENT_ENTRY_DIRTY));
}

int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out)
{
	unsigned long flags;
	struct dat_result r;
	int code;

	memset(out, 0, sizeof(*out));
	flags = kshim_hw_access_begin();
	code = s390_walk_host(gmap_of(vcpu)->asce, gpa, DAT_FETCH, &r);
	kshim_hw_access_end(flags);
	if (code == PGM_CODE_ADDRESSING || code == PGM_CODE_TRANSLATION_SPECIFICATION)
		return -EFAULT;
	if (code)
		return 0;
	out->present = out->executable = 1;
	out->writable = !r.protect;
	soft_bits(&r, &out->accessed, &out->dirty);
	out->level = r.level == DAT_PAGE ? 1 : 2;
	out->pfn = r.address >> PAGE_SHIFT;
	out->raw = r.entry;
	return 0;
}

/* Any CPU's entry will do: the vCPU may run on each of them. */
int kshim_hw_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out)
{
	struct s390_tlb_entry *e;
	unsigned int cpu;
	int ret = -ENOENT;

	memset(out, 0, sizeof(*out));
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS && ret; cpu++) {
		host_lock(&s390_cpus[cpu].lock);
		e = s390_tlb_lookup(&s390_cpus[cpu].tlb, TLB_HOST, 0, 0, gmap_of(vcpu)->asce, addr);
		if (e) {
			*out = (struct kvmsim_mapping){
				.present = 1, .writable = !e->protect, .executable = 1, .accessed = 1,
				.level = e->level == DAT_PAGE ? 1 : 2,
				.pfn = e->frame + ((addr >> PAGE_SHIFT) - e->page), .raw = e->raw };
			ret = 0;
		}
		host_unlock(&s390_cpus[cpu].lock);
	}
	return ret;
}

struct visit {
	struct kvm *kvm;
	struct gmap *gmap;
	void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg);
	void *arg;
};

/* Returns whether kvm_arch_sync_dirty_log() will find the page's writes recorded. */
static bool recorded(const u64 *pte, const u64 *ste)
{
	return pte ? READ_ONCE(pte[PTRS_PER_PTE]) & PGSTE_UC_BIT : READ_ONCE(*ste) & _SEGMENT_ENTRY_GMAP_UC;
}

static const u64 *entry_at(u64 pa)
{
	return pa == DAT_NO_ENTRY ? NULL : __va(pa);
}

static void visit_page_table(struct visit *v, u64 ste, u64 gaddr)
{
	const u64 *table = __va(ste & _SEGMENT_ENTRY_ORIGIN);
	unsigned int i;

	model_for_each_valid(table, PTRS_PER_PTE, i, _PAGE_INVALID) {
		u64 pte = READ_ONCE(table[i]);

		v->fn(v->kvm, &(struct kshim_guest_leaf){
			.where = "gmap", .gfn = (gaddr >> PAGE_SHIFT) + i, .pfn = pte >> PAGE_SHIFT, .npages = 1,
			.writable = !((pte | ste) & _PAGE_PROTECT), .executable = true,
			.accessed = pte & _PAGE_YOUNG, .dirty = pte & _PAGE_DIRTY,
			.dirty_recorded = recorded(&table[i], NULL), .raw = pte }, v->arg);
	}
}

static void visit_segment(struct visit *v, const u64 *entry, u64 gaddr)
{
	u64 ste = READ_ONCE(*entry);

	if (!(ste & _SEGMENT_ENTRY_LARGE)) {
		visit_page_table(v, ste, gaddr);
		return;
	}
	v->fn(v->kvm, &(struct kshim_guest_leaf){
		.where = "gmap", .gfn = gaddr >> PAGE_SHIFT, .pfn = (ste & _SEGMENT_ENTRY_ORIGIN_LARGE) >> PAGE_SHIFT,
		.npages = PTRS_PER_PTE, .writable = !(ste & _SEGMENT_ENTRY_PROTECT), .executable = true,
		.accessed = ste & _SEGMENT_ENTRY_YOUNG, .dirty = ste & _SEGMENT_ENTRY_DIRTY,
		.dirty_recorded = recorded(NULL, entry), .raw = ste }, v->arg);
}

/* level 1: a segment table. */
static void visit_table(struct visit *v, const u64 *table, unsigned int level, u64 gaddr)
{
	unsigned int i;

	model_for_each_valid(table, _CRST_ENTRIES, i, _REGION_ENTRY_INVALID) {
		u64 at = gaddr + ((u64)i << (20 + 11 * (level - 1))), entry = READ_ONCE(table[i]);

		if (level == 1)
			visit_segment(v, &table[i], at);
		else
			visit_table(v, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
	}
}

/* Flushes that are still to come are treated as in kernel-shim/checkers/s390x/tlb.c. */
static void visit_tlbs(struct visit *v)
{
	char where[24];
	unsigned int cpu, i;

	if (v->gmap->mm->context.flush_mm)
		return;
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		snprintf(where, sizeof(where), "TLB of CPU %u", cpu);
		s390_tlb_for_each(&s390_cpus[cpu].tlb, i) {
			const struct s390_tlb_entry *e = &s390_cpus[cpu].tlb.entry[i];

			if (e->kind != TLB_HOST || e->asce != (v->gmap->asce & TLB_ASCE_MASK))
				continue;
			v->fn(v->kvm, &(struct kshim_guest_leaf){
				.where = where, .gfn = e->page, .pfn = e->frame,
				.npages = dat_frame_bytes(e->level) >> PAGE_SHIFT, .writable = !e->protect,
				.executable = true, .accessed = true, .raw = e->raw,
				.dirty_recorded = recorded(entry_at(e->via[DAT_PAGE]),
							   entry_at(e->via[DAT_SEGMENT])) }, v->arg);
		}
	}
}

void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg)
{
	struct visit v = { .kvm = kvm, .gmap = kvm->arch.gmap, .fn = fn, .arg = arg };

	/* Under ucontrol user space maps guest addresses itself: no slot says what they must lead to. */
	if (!v.gmap)
		return;
	visit_table(&v, (const u64 *)v.gmap->table, 1 + ((v.gmap->asce & _ASCE_TYPE_MASK) >> 2), 0);
	visit_tlbs(&v);
}
