// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests are a table that kvm_x86_ops names. */
#include <linux/kvm_host.h>
#include "../../../../../models/x86_64/model.h"
#include "../../../../../models/x86_64/nothing.h"

void model_fill_nested_ops(struct kvm_x86_init_ops *ops)
{
	model_x86_ops.nested_ops = &model_nested_ops;
	model_x86_ops.vcpu_pre_run = model_no_pre_run;
}
