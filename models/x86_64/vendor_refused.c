// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that are not modelled: reaching one ends the scenario with its name. They are those that the kernel must
 * have (asm/kvm-x86-ops.h, asm/kvm-x86-pmu-ops.h) and that no other file has put into the tables.
 */
#include <linux/kvm_host.h>
#include "x86.h"
#include "smm.h"
#include "pmu.h"
#include "model.h"
#include <kshim/host.h>

void model_refuse(const char *op)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "the modelled hardware has no %s", op);
}

#define KVM_X86_OP_OPTIONAL(op)
#define KVM_X86_OP_OPTIONAL_RET0(op)
#define KVM_X86_OP(op)				\
static void refuse_##op(void)			\
{						\
	model_refuse("kvm_x86_ops." #op);	\
}
#include <asm/kvm-x86-ops.h>

#define KVM_X86_PMU_OP_OPTIONAL(op)
#define KVM_X86_PMU_OP_OPTIONAL_RET0(op)
#define KVM_X86_PMU_OP(op)			\
static void refuse_pmu_##op(void)		\
{						\
	model_refuse("kvm_pmu_ops." #op);	\
}
#include <asm/kvm-x86-pmu-ops.h>

/* Some kernels may do without it, but then they call it untested. */
static void refuse_posted_interrupts(void)
{
	model_refuse("kvm_x86_ops.pi_update_irte");
}

/* The casts lose the arguments, which no refusal looks at. */
void model_refuse_rest(void)
{
	model_x86_ops.pi_update_irte = (void *)refuse_posted_interrupts;
#define KVM_X86_OP_OPTIONAL(op)
#define KVM_X86_OP_OPTIONAL_RET0(op)
#define KVM_X86_OP(op) model_x86_ops.op = model_x86_ops.op ?: (void *)refuse_##op;
#include <asm/kvm-x86-ops.h>
#define KVM_X86_PMU_OP_OPTIONAL(op)
#define KVM_X86_PMU_OP_OPTIONAL_RET0(op)
#define KVM_X86_PMU_OP(op) model_pmu_ops.op = model_pmu_ops.op ?: (void *)refuse_pmu_##op;
#include <asm/kvm-x86-pmu-ops.h>
}
