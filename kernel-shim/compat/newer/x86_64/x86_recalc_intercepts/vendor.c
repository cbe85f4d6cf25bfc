// SPDX-License-Identifier: GPL-2.0-only
/* Operations that earlier kernels do without or have otherwise, and how capabilities are set. */
#include <linux/kvm_host.h>
#include "x86.h"
#include "cpuid.h"
#include "mmu.h"
#include "../../../../../models/x86_64/model.h"
#include "../../../../../models/x86_64/nothing.h"

/* The TLB model has no errata: it never empties more than it is asked for, so *full stays as it is. */
static void flush_tlb_gva(struct kvm_vcpu *vcpu, gva_t addr, bool *full)
{
	model_flush_tlb_gva(vcpu, addr);
}

/* MMIO stands in the way of an event: the emulator cannot know what to do. Like vmx.c and svm.c. */
static int check_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type, void *insn, int insn_len)
{
	if (x86_vcpu_of(vcpu)->code.vectoring.type != X86_EVENT_NONE && !kvm_can_emulate_event_vectoring(emul_type))
		return X86EMUL_UNHANDLEABLE_VECTORING;
	return X86EMUL_CONTINUE;
}

/* No exit was due to an event. */
static void get_entry_info(struct kvm_vcpu *vcpu, u32 *intr_info, u32 *error_code)
{
	*intr_info = *error_code = 0;
}

void model_fill_changed_ops(void)
{
	model_x86_ops.flush_tlb_gva = flush_tlb_gva;
	model_x86_ops.check_emulate_instruction = check_emulate_instruction;
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
