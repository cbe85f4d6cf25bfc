// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that later kernels do without or changed, and how capabilities are set: the vendor module enables
 * EFER.NX.
 */
#include <linux/kvm_host.h>
#include "x86.h"
#include "cpuid.h"
#include "mmu.h"
#include "../../../../../models/x86_64/model.h"
#include "../../../../../models/x86_64/nothing.h"

void model_fill_changed_ops(void)
{
	model_x86_ops.flush_tlb_gva = model_flush_tlb_gva;
	model_x86_ops.hwapic_irr_update = model_no_apicv_vector;
	model_x86_ops.pi_start_assignment = model_no_assignment;
	model_x86_ops.msr_filter_changed = model_no_msr_filter;
}

void model_set_cpu_caps(void)
{
	kvm_enable_efer_bits(EFER_NX);
	kvm_set_cpu_caps();
	kvm_caps.supported_perf_cap = 0;
	kvm_caps.supported_xss = 0;
}
