// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real vmx.c, of which the functions of the page-modification log run; the linker drops the rest.
 *
 * A vCPU of the model is no struct vcpu_vmx: to_vmx() finds the one that belongs to it. VMREAD and VMWRITE become
 * calls.
 */
/* As in vmx.c, where it has one. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <asm/asm.h>

/* The linker keeps what the exception table names: none of that is reached. */
#undef _ASM_EXTABLE
#define _ASM_EXTABLE(from, to)
#undef _ASM_EXTABLE_TYPE
#define _ASM_EXTABLE_TYPE(from, to, type)
#undef _ASM_EXTABLE_TYPE_REG
#define _ASM_EXTABLE_TYPE_REG(from, to, type, reg)
#include <kshim/vmx.h>
#include "vmx/vmx_ops.h"

#define vmcs_read16(field) ((u16)kshim_vmread(field))
#define vmcs_write16(field, value) kshim_vmwrite(field, value)
#define vmcs_write32(field, value) kshim_vmwrite(field, value)
#include "vmx/vmx.h"

/* Only for the init of the module, which is not reached. */
#undef this_cpu_has
#define this_cpu_has(feature) boot_cpu_has(feature)
#define to_vmx(vcpu) kshim_vmx_of(vcpu)
/* No guest of the model runs guests of its own. What VMX would need for them is dropped with the code that asks. */
static inline bool never_l2(struct kvm_vcpu *vcpu)
{
	BUG_ON(is_guest_mode(vcpu));
	return false;
}
#define is_guest_mode(vcpu) never_l2(vcpu)
/* Nothing here would obey the parameters of kvm_intel.ko. */
#undef module_param
#define module_param(name, type, perm)
#undef module_param_named
#define module_param_named(name, value, type, perm)
#undef module_param_cb
#define module_param_cb(name, ops, arg, perm)
#include "arch/x86/kvm/vmx/vmx.c"

struct vcpu_vmx *kshim_vmx_alloc(u64 **log)
{
	struct vcpu_vmx *vmx = kzalloc(sizeof(*vmx), GFP_KERNEL_ACCOUNT);

	if (!vmx)
		return NULL;
	vmx->pml_pg = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vmx->pml_pg) {
		kfree(vmx);
		return NULL;
	}
	vmx->loaded_vmcs = &vmx->vmcs01;
	*log = page_address(vmx->pml_pg);
	return vmx;
}

void kshim_vmx_free(struct vcpu_vmx *vmx)
{
	if (vmx)
		vmx_destroy_pml_buffer(vmx);
	kfree(vmx);
}

void kshim_vmx_flush_log(struct kvm_vcpu *vcpu)
{
	vmx_flush_pml_buffer(vcpu);
}

void kshim_vmx_update_logging(struct kvm_vcpu *vcpu)
{
	vmx_update_cpu_dirty_logging(vcpu);
}
