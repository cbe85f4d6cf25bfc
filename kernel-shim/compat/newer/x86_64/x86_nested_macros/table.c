// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests: the kernel's list says which must be there. */
#include <linux/kvm_host.h>
#include "../../../../../models/x86_64/model.h"

#define KVM_X86_NESTED_OP_OPTIONAL(op)
#define KVM_X86_NESTED_OP_OPTIONAL_RET0(op)
#define KVM_X86_NESTED_OP(op)				\
static void refuse_##op(void)				\
{							\
	model_refuse("kvm_x86_nested_ops." #op);	\
}
#include <asm/kvm-x86-nested-ops.h>

struct kvm_x86_nested_ops model_nested_ops = {
#define KVM_X86_NESTED_OP_OPTIONAL(op)
#define KVM_X86_NESTED_OP_OPTIONAL_RET0(op)
#define KVM_X86_NESTED_OP(op) .op = (void *)refuse_##op,
#include <asm/kvm-x86-nested-ops.h>
};
