// SPDX-License-Identifier: GPL-2.0-only
/* Functions for suspend and shutdown are registered with their argument (drivers/base/syscore.c). */
#include <linux/syscore_ops.h>
#include "../../../core/sched/internal.h"

FAITHFUL(register_syscore, "drivers/base/syscore.c");
void register_syscore(struct syscore *syscore)
{
	kshim_syscore_add(&syscore->node);
}

FAITHFUL(unregister_syscore, "drivers/base/syscore.c");
void unregister_syscore(struct syscore *syscore)
{
	kshim_syscore_del(&syscore->node);
}
