// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of the modelled vendor module: see tests/unit/test_vendor.c. */
#include <linux/kvm_host.h>
#include "x86.h"
#include "smm.h"
#include "pmu.h"
#include "model.h"
#include "ktest_vendor.h"

#define KVM_X86_OP_OPTIONAL(op)
#define KVM_X86_OP_OPTIONAL_RET0(op)
#define KVM_X86_PMU_OP_OPTIONAL(op)
#define KVM_X86_PMU_OP_OPTIONAL_RET0(op)

int ktest_vendor_missing(void)
{
	int missing = 0;

#define KVM_X86_OP(op) missing += !model_x86_ops.op;
#include <asm/kvm-x86-ops.h>
#define KVM_X86_PMU_OP(op) missing += !model_pmu_ops.op;
#include <asm/kvm-x86-pmu-ops.h>
	return missing;
}

const char *ktest_vendor_call(unsigned int i)
{
	switch (i) {
	case 0:
		model_x86_ops.check_intercept(NULL, NULL, 0, NULL);
		return "check_intercept";
	case 1:
		model_x86_ops.cache_reg(NULL, 0);
		return "cache_reg";
	case 2:
		model_x86_ops.sync_dirty_debug_regs(NULL);
		return "sync_dirty_debug_regs";
	case 3:
		model_pmu_ops.get_msr(NULL, NULL);
		return "pmu get_msr";
	case 4:
		((void (*)(void))model_x86_ops.pi_update_irte)();
		return "pi_update_irte";
	default:
		return NULL;
	}
}
