// SPDX-License-Identifier: GPL-2.0-only
/* The operations for nested guests are a table of the vendor module. */
#include <linux/kvm_host.h>
#include "../../../../../models/x86_64/model.h"

void model_fill_nested_ops(struct kvm_x86_init_ops *ops)
{
	ops->nested_ops = &model_nested_ops;
}
