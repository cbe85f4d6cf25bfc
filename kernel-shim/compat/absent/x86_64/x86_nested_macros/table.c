// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests: those that KVM calls without a test of their presence. */
#include <linux/kvm_host.h>
#include "../../../../../models/x86_64/model.h"

#define NESTED_OPS(X) \
	X(leave_nested) X(is_exception_vmexit) X(check_events) X(triple_fault) X(get_nested_state_pages)

#define REFUSE(op)				\
static void refuse_##op(void)			\
{						\
	model_refuse("kvm_x86_nested_ops." #op);	\
}
NESTED_OPS(REFUSE)

struct kvm_x86_nested_ops model_nested_ops = {
#define ENTRY(op) .op = (void *)refuse_##op,
	NESTED_OPS(ENTRY)
};
