// SPDX-License-Identifier: GPL-2.0-only
/* Operations of kvm_x86_ops that are not modelled: reaching one ends the scenario with its name. */
#include <linux/kvm_host.h>
#include "refused.h"
#include <kshim/host.h>

void model_refuse(const char *op)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "the modelled hardware has no %s", op);
}

void model_refused_inject_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	model_refuse("interrupt delivery into the guest (kvm_x86_ops.inject_irq)");
}

void model_refused_inject_nmi(struct kvm_vcpu *vcpu)
{
	model_refuse("NMI delivery into the guest (kvm_x86_ops.inject_nmi)");
}

void model_refused_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *hypercall)
{
	model_refuse("hypercall instruction (kvm_x86_ops.patch_hypercall)");
}

int model_refused_check_intercept(struct kvm_vcpu *vcpu, struct x86_instruction_info *info,
				  enum x86_intercept_stage stage, struct x86_exception *exception)
{
	model_refuse("nested guest (kvm_x86_ops.check_intercept)");
}

u64 model_refused_get_l2_tsc_offset(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_ops.get_l2_tsc_offset)");
}

u64 model_refused_get_l2_tsc_multiplier(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_ops.get_l2_tsc_multiplier)");
}

void model_refused_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	model_refuse("register that must be cached (kvm_x86_ops.cache_reg): all are always available");
}

void model_refused_sync_dirty_debug_regs(struct kvm_vcpu *vcpu)
{
	model_refuse("guest debug registers (kvm_x86_ops.sync_dirty_debug_regs)");
}

int model_refused_pi_update_irte(struct kvm *kvm, unsigned int host_irq, uint32_t guest_irq, bool set)
{
	model_refuse("posted interrupts (kvm_x86_ops.pi_update_irte)");
}

#ifdef CONFIG_KVM_SMM
int model_refused_enter_smm(struct kvm_vcpu *vcpu, kshim_smram *smram)
{
	model_refuse("system management mode (kvm_x86_ops.enter_smm)");
}

int model_refused_leave_smm(struct kvm_vcpu *vcpu, const kshim_smram *smram)
{
	model_refuse("system management mode (kvm_x86_ops.leave_smm)");
}
#endif

struct kvm_pmc *model_refused_rdpmc_ecx_to_pmc(struct kvm_vcpu *vcpu, unsigned int idx, u64 *mask)
{
	model_refuse("performance counters (kvm_pmu_ops.rdpmc_ecx_to_pmc)");
}

int model_refused_pmu_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	model_refuse("performance counters (kvm_pmu_ops.get_msr)");
}

int model_refused_pmu_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	model_refuse("performance counters (kvm_pmu_ops.set_msr)");
}

void model_refused_pmu_refresh(struct kvm_vcpu *vcpu)
{
	model_refuse("performance counters (kvm_pmu_ops.refresh)");
}

void model_refused_leave_nested(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_nested_ops.leave_nested)");
}

bool model_refused_is_exception_vmexit(struct kvm_vcpu *vcpu, u8 vector, u32 error_code)
{
	model_refuse("nested guest (kvm_x86_nested_ops.is_exception_vmexit)");
}

int model_refused_check_events(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_nested_ops.check_events)");
}

void model_refused_nested_triple_fault(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_nested_ops.triple_fault)");
}

bool model_refused_get_nested_state_pages(struct kvm_vcpu *vcpu)
{
	model_refuse("nested guest (kvm_x86_nested_ops.get_nested_state_pages)");
}
