// SPDX-License-Identifier: GPL-2.0-only
/* Functions for suspend and shutdown were registered without an argument (drivers/base/syscore.c). */
#include <linux/syscore_ops.h>
#include "../../../core/sched/internal.h"

FAITHFUL(register_syscore_ops, "drivers/base/syscore.c");
void register_syscore_ops(struct syscore_ops *ops)
{
	kshim_syscore_add(&ops->node);
}

FAITHFUL(unregister_syscore_ops, "drivers/base/syscore.c");
void unregister_syscore_ops(struct syscore_ops *ops)
{
	kshim_syscore_del(&ops->node);
}
