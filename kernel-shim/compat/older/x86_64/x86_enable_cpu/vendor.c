// SPDX-License-Identifier: GPL-2.0-only
/* The vendor module's operations that later kernels changed or removed, and how it registered. */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include "x86.h"
#include "pmu.h"
#include "../../../../../models/x86_64/model.h"

/* The modelled processor can run guests, and no firmware forbids it. */
static int cpu_has_kvm_support(void)
{
	return 1;
}

static int disabled_by_bios(void)
{
	return 0;
}

/* All CPUs of the machine are equal. */
static int check_processor_compatibility(void)
{
	return 0;
}

/* For pause-loop exiting and the PMU, which the modelled processor does not have. */
static void sched_in(struct kvm_vcpu *vcpu, int cpu)
{
}

/* There is no APIC virtualization that a reason could switch off. */
static bool check_apicv_inhibit_reasons(enum kvm_apicv_inhibit reason)
{
	return false;
}

/* The processor has no MSRs that describe optional features. */
static int get_msr_feature(struct kvm_msr_entry *msr)
{
	return KVM_MSR_RET_UNSUPPORTED;
}

/* Only encrypted guests and SGX refuse. */
static bool can_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type, void *insn, int insn_len)
{
	return true;
}

static void write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	x86_vcpu_of(vcpu)->tsc_offset = offset;
}

static void write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier)
{
	x86_vcpu_of(vcpu)->tsc_multiplier = multiplier;
}

static bool pmu_hw_event_available(struct kvm_pmc *pmc)
{
	model_refuse("performance counters (kvm_pmu_ops.hw_event_available)");
}

static bool pmu_pmc_is_enabled(struct kvm_pmc *pmc)
{
	model_refuse("performance counters (kvm_pmu_ops.pmc_is_enabled)");
}

/* A processor without performance counters. */
static struct kvm_pmc *pmu_pmc_idx_to_pmc(struct kvm_pmu *pmu, int pmc_idx)
{
	return NULL;
}

static bool pmu_is_valid_rdpmc_ecx(struct kvm_vcpu *vcpu, unsigned int idx)
{
	return false;
}

/* Called for every vCPU, also for one without a PMU. */
static void pmu_refresh(struct kvm_vcpu *vcpu)
{
	struct kvm_pmu *pmu = vcpu_to_pmu(vcpu);

	pmu->version = 0;
	pmu->nr_arch_gp_counters = 0;
	pmu->nr_arch_fixed_counters = 0;
}

void model_fill_ops(struct kvm_x86_init_ops *ops)
{
	ops->cpu_has_kvm_support = cpu_has_kvm_support;
	ops->disabled_by_bios = disabled_by_bios;
	ops->check_processor_compatibility = check_processor_compatibility;
	model_x86_ops.sched_in = sched_in;
	model_x86_ops.check_apicv_inhibit_reasons = check_apicv_inhibit_reasons;
	model_x86_ops.get_msr_feature = get_msr_feature;
	model_x86_ops.can_emulate_instruction = can_emulate_instruction;
	model_x86_ops.write_tsc_offset = write_tsc_offset;
	model_x86_ops.write_tsc_multiplier = write_tsc_multiplier;
	model_pmu_ops.refresh = pmu_refresh;
	model_pmu_ops.hw_event_available = pmu_hw_event_available;
	model_pmu_ops.pmc_is_enabled = pmu_pmc_is_enabled;
	model_pmu_ops.pmc_idx_to_pmc = pmu_pmc_idx_to_pmc;
	model_pmu_ops.is_valid_rdpmc_ecx = pmu_is_valid_rdpmc_ecx;
}

int model_kvm_init(struct kvm_x86_init_ops *ops)
{
	return kvm_init(ops, sizeof(struct x86_vcpu), __alignof__(struct x86_vcpu), THIS_MODULE);
}
