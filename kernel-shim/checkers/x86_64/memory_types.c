// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the memory type in a leaf of KVM's tables. EPT: RAM is write-back whatever the guest's PAT says, all
 * else is uncached (ept_get_mt_mask() of the modelled vendor module). In NPT and shadow tables KVM sets no bits for it:
 * PWT, PCD and PAT, which is in another place in the leaf of a large page, are 0.
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
	u64 mask = _PAGE_PWT | _PAGE_PCD | (leaf->npages > 1 ? _PAGE_PAT_LARGE : _PAGE_PAT), want = 0;
	bool memory = pfn_valid(leaf->pfn);

	if (model_personality == MODEL_EPT) {
		mask = EPT_MT_MASK | VMX_EPT_IPAT_BIT;
		want = memory ? (MTRR_TYPE_WRBACK << VMX_EPT_MT_EPTE_SHIFT) | VMX_EPT_IPAT_BIT :
				MTRR_TYPE_UNCACHABLE << VMX_EPT_MT_EPTE_SHIFT;
	}
	if ((leaf->raw & mask) == want)
		return 0;
	host_about("the entry in KVM's tables", leaf->entry);
	host_check("memory-types",
		   "%s maps gfn %llx to frame %lx, which is %s, with the bits %llx for its memory type, %llx is right",
		   leaf->where, leaf->gfn, leaf->pfn, memory ? "RAM" : "a device's", leaf->raw & mask,
		   want);
	return 1;
}
