// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests are a table that kvm_x86_ops names. */
#include <linux/kvm_host.h>
#include "x86.h"
#include "cpuid.h"
#include "mmu.h"
#include "../../../../../models/x86_64/model.h"
#include "../../../../../models/x86_64/nothing.h"

#define NESTED_OPS(X) \
	X(leave_nested) X(is_exception_vmexit) X(check_events) X(triple_fault) X(get_nested_state_pages)

#define REFUSE(op)				\
static void refuse_##op(void)			\
{						\
	model_refuse("kvm_x86_nested_ops." #op);	\
}
NESTED_OPS(REFUSE)

static const struct kvm_x86_nested_ops nested_ops = {
#define ENTRY(op) .op = (void *)refuse_##op,
	NESTED_OPS(ENTRY)
};

void model_fill_nested_ops(struct kvm_x86_init_ops *ops)
{
	model_x86_ops.nested_ops = (void *)&nested_ops;
	model_x86_ops.vcpu_pre_run = model_no_pre_run;
}
