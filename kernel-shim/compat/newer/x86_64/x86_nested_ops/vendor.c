// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests are a table of the vendor module. Operations that earlier kernels do without. */
#include <linux/kvm_host.h>
#include "x86.h"
#include "cpuid.h"
#include "mmu.h"
#include "../../../../../models/x86_64/model.h"
#include "../../../../../models/x86_64/nothing.h"

#define KVM_X86_NESTED_OP_OPTIONAL(op)
#define KVM_X86_NESTED_OP_OPTIONAL_RET0(op)
#define KVM_X86_NESTED_OP(op)				\
static void refuse_##op(void)				\
{							\
	model_refuse("kvm_x86_nested_ops." #op);	\
}
#include <asm/kvm-x86-nested-ops.h>

static struct kvm_x86_nested_ops nested_ops = {
#define KVM_X86_NESTED_OP_OPTIONAL(op)
#define KVM_X86_NESTED_OP_OPTIONAL_RET0(op)
#define KVM_X86_NESTED_OP(op) .op = (void *)refuse_##op,
#include <asm/kvm-x86-nested-ops.h>
};

/* The TLB model has no errata: it never empties more than it is asked for, so *full stays as it is. */
static void flush_tlb_gva(struct kvm_vcpu *vcpu, gva_t addr, bool *full)
{
	model_flush_tlb_gva(vcpu, addr);
}

/* No exit was due to an event. */
static void get_entry_info(struct kvm_vcpu *vcpu, u32 *intr_info, u32 *error_code)
{
	*intr_info = *error_code = 0;
}

void model_fill_nested_ops(struct kvm_x86_init_ops *ops)
{
	ops->nested_ops = &nested_ops;
	model_x86_ops.flush_tlb_gva = flush_tlb_gva;
	model_x86_ops.get_cpl_no_cache = model_get_cpl;
	model_x86_ops.get_entry_info = get_entry_info;
	model_x86_ops.recalc_intercepts = model_no_msr_filter;
}

void model_set_cpu_caps(void)
{
	kvm_initialize_cpu_caps();
	kvm_caps.supported_perf_cap = 0;
	kvm_caps.supported_xss = 0;
	kvm_setup_xss_caps();
	kvm_finalize_cpu_caps();
}
