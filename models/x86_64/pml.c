// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page-modification log of the personality "pml": the fields of the VMCS that control it, and the vendor module's
 * part, for which the real vmx.c runs (kshim/vmx.h). The processor's part is in walk.c. SDM vol. 3, 25.6.21 and 30.3.6.
 */
#include <linux/kvm_host.h>
#include <asm/vmx.h>
#include "model.h"
#include <kshim/form/x86_dirty_log_size.h>
#include <kshim/host.h>
#include <kshim/vmx.h>

bool model_pml;

#define LOG_TOP (WALK_LOG_ENTRIES - 1)

/* Like vmx_vcpu_create() and init_vmcs(). */
int model_pml_create(struct x86_vcpu *v)
{
	if (!model_pml)
		return 0;
	v->vmx = kshim_vmx_alloc(&v->log.entry);
	if (!v->vmx)
		return -ENOMEM;
	v->log.index = LOG_TOP;
	/* Like vmx_secondary_exec_control(): a slot may be logging already. */
	kvm_make_request(KVM_REQ_UPDATE_CPU_DIRTY_LOGGING, &v->vcpu);
	return 0;
}

void model_pml_free(struct x86_vcpu *v)
{
	kshim_vmx_free(v->vmx);
	v->vmx = NULL;
}

/* Like init_vmcs(). */
void model_pml_reset(struct x86_vcpu *v)
{
	v->log.index = LOG_TOP;
}

struct walk_log *x86_log(struct x86_vcpu *v)
{
	return v->secondary_controls & SECONDARY_EXEC_ENABLE_PML ? &v->log : NULL;
}

void model_pml_exit(struct kvm_vcpu *vcpu)
{
	if (model_pml)
		kshim_vmx_flush_log(vcpu);
}

void model_update_dirty_logging(struct kvm_vcpu *vcpu)
{
	if (model_pml)
		kshim_vmx_update_logging(vcpu);
}

/*
 * Like vmx_vm_init(). Otherwise both vendors warn about the host's processor here, or set up what this machine lacks:
 * APIC virtualization, SEV.
 */
int model_vm_init(struct kvm *kvm)
{
	if (model_pml)
		kshim_vm_has_dirty_log(kvm, WALK_LOG_ENTRIES);
	return 0;
}

void model_pml_setup(void)
{
	if (model_pml)
		kshim_ops_have_dirty_log(&model_x86_ops, WALK_LOG_ENTRIES);
}

struct vcpu_vmx *kshim_vmx_of(struct kvm_vcpu *vcpu)
{
	return x86_vcpu_of(vcpu)->vmx;
}

static struct x86_vcpu *loaded(unsigned long field)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();

	if (!vcpu || !x86_vcpu_of(vcpu)->vmx)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "VMCS field %#lx without a VMCS on this CPU", field);
	return x86_vcpu_of(vcpu);
}

u64 kshim_vmread(unsigned long field)
{
	struct x86_vcpu *v = loaded(field);

	if (field != GUEST_PML_INDEX)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "the modelled VMCS has no field %#lx (VMREAD)", field);
	return v->log.index;
}

void kshim_vmwrite(unsigned long field, u64 value)
{
	struct x86_vcpu *v = loaded(field);

	if (field == GUEST_PML_INDEX)
		v->log.index = value;
	else if (field == SECONDARY_VM_EXEC_CONTROL && !(value & ~(u64)SECONDARY_EXEC_ENABLE_PML))
		v->secondary_controls = value;
	else
		host_fatal(KVMSIM_REFUSED, NULL, 0, "the modelled VMCS has no field %#lx with %#llx (VMWRITE)", field,
			   value);
}
