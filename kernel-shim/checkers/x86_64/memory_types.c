// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the memory type in a leaf of KVM's tables. EPT: RAM is write-back whatever the guest's PAT says, or what
 * follows from non-coherent DMA (model_ept_ram_type_right()); all else is uncached. The same holds for TLB entries, so
 * that a missing flush is noticed. In NPT and shadow tables KVM sets no bits for it: PWT, PCD and PAT, which is in
 * another place in the leaf of a large page, are 0.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/mtrr.h>
#include <asm/pgtable_types.h>
#include <asm/vmx.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include "model.h"
#include "checkers.h"

#define EPT_MT_MASK (7ULL << VMX_EPT_MT_EPTE_SHIFT)

int kshim_check_memory_type(struct kvm *kvm, const struct kshim_guest_leaf *leaf)
{
	u64 mask = _PAGE_PWT | _PAGE_PCD | (leaf->npages > 1 ? _PAGE_PAT_LARGE : _PAGE_PAT), has;
	bool memory = pfn_valid(leaf->pfn), right;
	u8 want = 0;

	if (model_personality == MODEL_EPT)
		mask = EPT_MT_MASK | VMX_EPT_IPAT_BIT;
	else if (leaf->tlb)	/* may be smaller than the entry it is from */
		return 0;
	has = leaf->raw & mask;
	BUILD_BUG_ON(MTRR_TYPE_UNCACHABLE);	/* what a device's entry has */
	right = model_personality == MODEL_EPT && memory ?
			model_ept_ram_type_right(kvm, leaf->gfn, leaf->npages, has, &want) : !has;
	if (right)
		return 0;
	host_about("the entry in KVM's tables", kshim_hw_entry_of(leaf));
	host_check("memory-types",
		   "%s maps gfn %llx to frame %lx, which is %s, with the bits %llx for its memory type, %x is right",
		   leaf->where, leaf->gfn, leaf->pfn, memory ? "RAM" : "a device's", has, want);
	return 1;
}
