// SPDX-License-Identifier: GPL-2.0-only
/* Memory types in EPT entries, as vmx.c sets them: all RAM is write-back, and the guest's PAT is ignored or not. */
#include <linux/kvm_host.h>
#include <asm/mtrr.h>
#include <asm/vmx.h>
#include "x86.h"
#include "../../../../../models/x86_64/model.h"

/* Like the end of vmx_init() and of svm_hardware_setup(): which processor has which quirk of memory types. */
void model_set_memory_type_quirks(void)
{
	if (model_personality != MODEL_EPT) {
		kvm_caps.inapplicable_quirks &= ~KVM_X86_QUIRK_CD_NW_CLEARED;
		return;
	}
	if (!boot_cpu_has(X86_FEATURE_SELFSNOOP))
		kvm_caps.supported_quirks &= ~KVM_X86_QUIRK_IGNORE_GUEST_PAT;
	kvm_caps.inapplicable_quirks &= ~KVM_X86_QUIRK_IGNORE_GUEST_PAT;
}

/* Like vmx_get_mt_mask(). */
static u8 ram_type(struct kvm *kvm)
{
	u8 bits = MTRR_TYPE_WRBACK << VMX_EPT_MT_EPTE_SHIFT;

	if (!kvm_arch_has_noncoherent_dma(kvm) && kvm_check_has_quirk(kvm, KVM_X86_QUIRK_IGNORE_GUEST_PAT))
		bits |= VMX_EPT_IPAT_BIT;
	return bits;
}

u8 model_ept_ram_type(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	return ram_type(vcpu->kvm);
}

/* KVM zaps all entries when the answer changes (kvm_noncoherent_dma_assignment_start_or_stop()). */
bool model_ept_ram_type_right(struct kvm *kvm, gfn_t gfn, unsigned long npages, u8 bits, u8 *want)
{
	*want = ram_type(kvm);
	return bits == *want;
}
