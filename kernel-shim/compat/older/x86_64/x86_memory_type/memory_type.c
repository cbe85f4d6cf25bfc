// SPDX-License-Identifier: GPL-2.0-only
/* Memory types in EPT entries, as vmx.c set them: those of the guest's CR0.CD and MTRRs, with non-coherent DMA. */
#include <linux/kvm_host.h>
#include <asm/mtrr.h>
#include <asm/vmx.h>
#include "kvm_cache_regs.h"
#include "x86.h"
#include "../../../../../models/x86_64/model.h"

#define WRITE_BACK (MTRR_TYPE_WRBACK << VMX_EPT_MT_EPTE_SHIFT)
#define UNCACHED (MTRR_TYPE_UNCACHABLE << VMX_EPT_MT_EPTE_SHIFT)

static bool guest_types;	/* an entry was made whose type is the guest's */

void model_set_memory_type_quirks(void)
{
}

/* Like the case of non-coherent DMA in vmx_get_mt_mask(). */
static u8 guest_type(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (!kvm_read_cr0_bits(vcpu, X86_CR0_CD))
		return kvm_mtrr_get_guest_memory_type(vcpu, gfn) << VMX_EPT_MT_EPTE_SHIFT;
	if (kvm_check_has_quirk(vcpu->kvm, KVM_X86_QUIRK_CD_NW_CLEARED))
		return WRITE_BACK | VMX_EPT_IPAT_BIT;
	return UNCACHED | VMX_EPT_IPAT_BIT;
}

u8 model_ept_ram_type(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (!kvm_arch_has_noncoherent_dma(vcpu->kvm))
		return WRITE_BACK | VMX_EPT_IPAT_BIT;
	guest_types = true;
	return guest_type(vcpu, gfn);
}

static bool right_for(struct kvm_vcpu *vcpu, gfn_t gfn, unsigned long npages, u8 bits)
{
	while (npages && guest_type(vcpu, gfn) == bits) {
		gfn++;
		npages--;
	}
	return !npages;
}

/*
 * Nothing is zapped when the first device comes or the last one goes, so what was made before stays. While there is a
 * device, the type is that of some vCPU as it is now, because changes zap (kvm_post_set_cr0(), update_mtrr()).
 */
bool model_ept_ram_type_right(struct kvm *kvm, gfn_t gfn, unsigned long npages, u8 bits, u8 *want)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	*want = WRITE_BACK | VMX_EPT_IPAT_BIT;
	if (bits == *want)
		return true;
	if (!kvm_arch_has_noncoherent_dma(kvm))
		return guest_types;
	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (right_for(vcpu, gfn, npages, bits))
			return true;
		*want = guest_type(vcpu, gfn);
	}
	return false;
}
