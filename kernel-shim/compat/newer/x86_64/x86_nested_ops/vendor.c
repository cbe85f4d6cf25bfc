// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests are a table of the vendor module. */
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

void model_fill_nested_ops(struct kvm_x86_init_ops *ops)
{
	ops->nested_ops = &nested_ops;
}
