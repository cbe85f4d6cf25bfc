// SPDX-License-Identifier: GPL-2.0-only
/* __cant_sleep() of kernel/sched/core.c. */
#include <linux/kernel.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

REDUCED(__cant_sleep, "kernel/sched/core.c", "one report per place instead of one per second");
void __cant_sleep(const char *file, int line, int preempt_offset)
{
	kshim_cant_sleep(file, line, preempt_offset, __builtin_return_address(0));
}
