// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the memory type in a descriptor of stage 2: normal write-back memory for RAM, Device-nGnRE, which nobody
 * executes, for all else (stage2_set_prot_attr() of arch/arm64/kvm/hyp/pgtable.c). RAM is inner shareable. Where KVM
 * can map a device's frames like RAM, if the VMM does (KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED), both are right.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/memory.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include "model.h"
#include "checkers.h"

#define DESC_MEMATTR GENMASK_ULL(5, 2)
#define DESC_SH GENMASK_ULL(9, 8)
#define SH_INNER 3
#define CACHEABLE_PFNMAP 243	/* the number of that capability, which older kernels lack */

int kshim_check_memory_type(struct kvm *kvm, const struct kshim_guest_leaf *leaf)
{
	unsigned int type = (leaf->raw & DESC_MEMATTR) >> 2, sh = (leaf->raw & DESC_SH) >> 8;
	bool memory = pfn_valid(leaf->pfn);
	unsigned int want = arm64_have.fwb ? (memory ? MT_S2_FWB_NORMAL : MT_S2_FWB_DEVICE_nGnRE) :
					     (memory ? MT_S2_NORMAL : MT_S2_DEVICE_nGnRE);

	if (leaf->tlb)	/* the check of TLBs compares it with the descriptor */
		return 0;
	if (type == want && sh == SH_INNER && (memory || !leaf->executable))
		return 0;
	if (!memory && type == MT_S2_FWB_NORMAL && sh == SH_INNER && arm64_have.fwb &&
	    kvm_vm_ioctl_check_extension(kvm, CACHEABLE_PFNMAP) > 0)
		return 0;
	host_about("the descriptor", leaf->entry);
	host_check("memory-types",
		   "%s maps gfn %llx to frame %lx, which is %s, with memory type %x (%x is right), shareability %u (%u) "
		   "and %s right to execute", leaf->where, leaf->gfn, leaf->pfn, memory ? "RAM" : "a device's", type,
		   want, sh, SH_INNER, leaf->executable ? "the" : "no");
	return 1;
}
