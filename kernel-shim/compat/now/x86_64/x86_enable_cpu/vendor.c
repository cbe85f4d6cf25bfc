// SPDX-License-Identifier: GPL-2.0-only
/* The vendor module's operations as they are since 6.12, and how it registers. */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include "x86.h"
#include "pmu.h"
#include "kvm_emulate.h"
#include "../../../../../models/x86_64/model.h"

static void write_tsc_offset(struct kvm_vcpu *vcpu)
{
	x86_vcpu_of(vcpu)->tsc_offset = vcpu->arch.tsc_offset;
}

static void write_tsc_multiplier(struct kvm_vcpu *vcpu)
{
	x86_vcpu_of(vcpu)->tsc_multiplier = vcpu->arch.tsc_scaling_ratio;
}

/* All CPUs of the machine are equal. */
static int check_processor_compatibility(void)
{
	return 0;
}

static void emergency_disable_virtualization_cpu(void)
{
	model_x86_ops.disable_virtualization_cpu();
}

/* The processor has no MSRs that describe optional features (VMX capabilities, DE_CFG). */
static int get_feature_msr(u32 msr, u64 *data)
{
	return KVM_MSR_RET_UNSUPPORTED;
}

/* Instruction bytes are always known: model_handle_exit() passes them. Only encrypted guests and SGX refuse. */
static int check_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type, void *insn, int insn_len)
{
	return X86EMUL_CONTINUE;
}

/* RDPMC names a counter that does not exist: KVM injects #GP. */
static int check_rdpmc_early(struct kvm_vcpu *vcpu, unsigned int idx)
{
	return -EINVAL;
}

void model_fill_ops(struct kvm_x86_init_ops *ops)
{
	model_x86_ops.write_tsc_offset = write_tsc_offset;
	model_x86_ops.write_tsc_multiplier = write_tsc_multiplier;
	model_x86_ops.check_processor_compatibility = check_processor_compatibility;
	model_x86_ops.emergency_disable_virtualization_cpu = emergency_disable_virtualization_cpu;
	model_x86_ops.get_feature_msr = get_feature_msr;
	model_x86_ops.check_emulate_instruction = check_emulate_instruction;
	model_pmu_ops.check_rdpmc_early = check_rdpmc_early;
}

int model_kvm_init(struct kvm_x86_init_ops *ops)
{
	return kvm_init(sizeof(struct x86_vcpu), __alignof__(struct x86_vcpu), THIS_MODULE);
}
