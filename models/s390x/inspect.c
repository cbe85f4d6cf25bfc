// SPDX-License-Identifier: GPL-2.0-only
/* Inspection of guest address spaces (struct gmap), PGSTEs and TLBs, for scenarios and the checks; changes nothing. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/pgtable.h>
#include "model.h"
#include <kshim/arch.h>
#include <kshim/hw.h>
#include <kshim/form/s390_gmap.h>

/* For scenarios: 1 is a page, 2 a frame of 1 MiB, 3 one of 2 GiB. */
static int level_number(enum dat_level level)
{
	return level == DAT_PAGE ? 1 : level + 2;
}

static struct gmap *gmap_of(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.gmap;	/* the VM's, or under ucontrol the vCPU's own */
}

int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out)
{
	unsigned long flags;
	struct dat_result r;
	int code;

	memset(out, 0, sizeof(*out));
	flags = kshim_hw_access_begin();
	code = s390_walk_host(kshim_gmap_asce(gmap_of(vcpu)), gpa, DAT_FETCH, &r);
	kshim_hw_access_end(flags);
	if (code == PGM_CODE_ADDRESSING || code == PGM_CODE_TRANSLATION_SPECIFICATION)
		return -EFAULT;
	if (code)
		return 0;
	out->present = out->executable = 1;
	out->writable = !r.protect;
	out->accessed = kshim_gmap_accessed(r.entry, r.level == DAT_PAGE);
	out->dirty = kshim_gmap_dirty(r.entry, r.level == DAT_PAGE);
	out->level = level_number(r.level);
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
		e = s390_tlb_lookup(&s390_cpus[cpu].tlb, TLB_HOST, 0, 0, kshim_gmap_asce(gmap_of(vcpu)), addr);
		if (e) {
			*out = (struct kvmsim_mapping){
				.present = 1, .writable = !e->protect, .executable = 1, .accessed = 1,
				.level = level_number(e->level),
				.pfn = e->frame + ((addr >> PAGE_SHIFT) - e->page), .raw = e->raw };
			ret = 0;
		}
		host_unlock(&s390_cpus[cpu].lock);
	}
	return ret;
}

const u64 *kshim_hw_entry_of(const struct kshim_guest_leaf *leaf)
{
	return leaf->entry;
}

struct visit {
	struct kvm *kvm;
	struct gmap *gmap;
	void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg);
	void *arg;
};

/* An entry that maps: a page, or a large frame of the table's level. */
static void visit_leaf(struct visit *v, const u64 *entry, enum dat_level level, u64 gaddr, bool protect)
{
	bool page = level == DAT_PAGE;
	u64 value = READ_ONCE(*entry), bytes = dat_frame_bytes(level);

	v->fn(v->kvm, &(struct kshim_guest_leaf){
		.where = "gmap", .gfn = gaddr >> PAGE_SHIFT, .pfn = (value & ~(bytes - 1)) >> PAGE_SHIFT,
		.npages = bytes >> PAGE_SHIFT, .writable = !protect && !(value & DAT_ENTRY_P), .executable = true,
		.accessed = kshim_gmap_accessed(value, page), .dirty = kshim_gmap_dirty(value, page),
		.dirty_recorded = kshim_gmap_recorded(entry, page), .raw = value, .entry = entry }, v->arg);
}

static void visit_page_table(struct visit *v, u64 ste, u64 gaddr)
{
	const u64 *table = __va(ste & _SEGMENT_ENTRY_ORIGIN);
	unsigned int i;

	model_for_each_valid(table, PTRS_PER_PTE, i, _PAGE_INVALID)
		visit_leaf(v, &table[i], DAT_PAGE, gaddr + ((u64)i << PAGE_SHIFT), ste & DAT_ENTRY_P);
}

static void visit_table(struct visit *v, const u64 *table, enum dat_level level, u64 gaddr)
{
	unsigned int i;

	model_for_each_valid(table, _CRST_ENTRIES, i, _REGION_ENTRY_INVALID) {
		u64 at = gaddr + ((u64)i << (20 + 11 * level)), entry = READ_ONCE(table[i]);

		if (level <= DAT_REGION3 && (entry & DAT_ENTRY_FC))
			visit_leaf(v, &table[i], level, at, false);
		else if (level == DAT_SEGMENT)
			visit_page_table(v, entry, at);
		else
			visit_table(v, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
	}
}

/* Returns whether the writes through a TLB entry are recorded in the entry that it was formed from. */
static bool recorded(const struct s390_tlb_entry *e)
{
	return kshim_gmap_recorded(__va(e->via[e->level]), e->level == DAT_PAGE);
}

/* Flushes that are still to come are treated as in kernel-shim/checkers/s390x/tlb.c. */
static void visit_tlbs(struct visit *v)
{
	char where[24];
	unsigned int cpu, i;

	if (kshim_gmap_flush_pending(v->gmap))
		return;
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		snprintf(where, sizeof(where), "TLB of CPU %u", cpu);
		s390_tlb_for_each(&s390_cpus[cpu].tlb, i) {
			const struct s390_tlb_entry *e = &s390_cpus[cpu].tlb.entry[i];

			if (e->kind != TLB_HOST || e->asce != (kshim_gmap_asce(v->gmap) & TLB_ASCE_MASK))
				continue;
			v->fn(v->kvm, &(struct kshim_guest_leaf){
				.where = where, .tlb = true, .gfn = e->page, .pfn = e->frame,
				.npages = dat_frame_bytes(e->level) >> PAGE_SHIFT, .writable = !e->protect,
				.executable = true, .accessed = true, .raw = e->raw,
				.dirty_recorded = recorded(e), .entry = __va(e->via[e->level]) }, v->arg);
		}
	}
}

void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg)
{
	struct visit v = { .kvm = kvm, .gmap = kvm->arch.gmap, .fn = fn, .arg = arg };
	u64 asce;

	/* Under ucontrol user space maps guest addresses itself: no slot says what they must lead to. */
	if (!v.gmap)
		return;
	asce = kshim_gmap_asce(v.gmap);
	visit_table(&v, __va(asce & DAT_ASCE_ORIGIN), (asce & DAT_ASCE_DT) >> 2, 0);
	visit_tlbs(&v);
}
