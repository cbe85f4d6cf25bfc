// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of a guest address space that slots and VMAs cannot give. Each linked segment can be found from the host's
 * side (host_to_guest); else nobody would tell the guest of changes. A 1 MiB segment is one that the kernel may make.
 */
#include <linux/hugetlb.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/radix-tree.h>
#include <asm/gmap.h>
#include <asm/pgtable.h>
#include <kshim/host.h>
#include <s390x/model.h>
#include "../../../../checkers/s390x/checkers.h"

#define finding(fmt, ...) host_check("gmap", "gmap: " fmt, ##__VA_ARGS__)

/* What __gmap_link() and the functions after it put into a 1 MiB entry. */
#define LARGE_BITS (_SEGMENT_ENTRY_HARDWARE_BITS_LARGE | _SEGMENT_ENTRY_GMAP_IN | _SEGMENT_ENTRY_GMAP_UC)

static int check_large(struct gmap *gmap, u64 ste, u64 gaddr, unsigned long vmaddr)
{
	struct vm_area_struct *vma = vma_lookup(gmap->mm, vmaddr);

	if (!gmap->mm->context.allow_gmap_hpage_1m) {
		finding("segment %llx is a huge page, which this process may not have", gaddr);
		return 1;
	}
	if (ste & ~LARGE_BITS) {
		finding("segment %llx has bits %llx, which no huge page has", gaddr, ste & ~LARGE_BITS);
		return 1;
	}
	if (!vma || !is_vm_hugetlb_page(vma)) {
		finding("segment %llx is a huge page, but the process has %s at %lx", gaddr,
			vma ? "small ones" : "nothing", vmaddr);
		return 1;
	}
	return 0;
}

static int check_segment(struct gmap *gmap, u64 *entry, u64 gaddr)
{
	unsigned long vmaddr = (unsigned long)radix_tree_lookup(&gmap->guest_to_host, gaddr >> PMD_SHIFT) & PMD_MASK;
	u64 ste = READ_ONCE(*entry);

	if (radix_tree_lookup(&gmap->host_to_guest, vmaddr >> PMD_SHIFT) != entry) {
		finding("segment %llx is linked, but the host's address %lx does not lead to it", gaddr, vmaddr);
		return 1;
	}
	return ste & _SEGMENT_ENTRY_LARGE ? check_large(gmap, ste, gaddr, vmaddr) : 0;
}

/* level 1: a segment table. */
static int check_table(struct gmap *gmap, u64 *table, unsigned int level, u64 gaddr)
{
	/* A 1 MiB segment that lost all rights stays linked. */
	u64 mask = level == 1 ? ~0ULL : _REGION_ENTRY_INVALID;
	u64 skip = level == 1 ? _SEGMENT_ENTRY_EMPTY : _REGION_ENTRY_INVALID;
	unsigned int i;
	int n = 0;

	for (i = model_skip_entries(table, _CRST_ENTRIES, 0, mask, skip); i < _CRST_ENTRIES;
	     i = model_skip_entries(table, _CRST_ENTRIES, i + 1, mask, skip)) {
		u64 at = gaddr + ((u64)i << (20 + 11 * (level - 1))), entry = READ_ONCE(table[i]);

		if (level == 1)
			n += check_segment(gmap, &table[i], at);
		else
			n += check_table(gmap, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
	}
	return n;
}

bool kshim_is_ucontrol(struct kvm *kvm)
{
	return !kvm->arch.gmap;
}

/* Under ucontrol a VM has none of its own. */
int kshim_check_gmap(struct kvm *kvm)
{
	struct gmap *gmap = kvm->arch.gmap;

	return gmap ? check_table(gmap, (u64 *)gmap->table, 1 + ((gmap->asce & _ASCE_TYPE_MASK) >> 2), 0) : 0;
}
