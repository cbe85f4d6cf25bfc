// SPDX-License-Identifier: GPL-2.0-only
/* What allocates a workqueue (kernel/workqueue.c). */
#include <linux/workqueue.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

REDUCED(alloc_workqueue, "kernel/workqueue.c kernel/workqueue.c:__alloc_workqueue",
	"flags are remembered only; max_active 1 is honoured, other limits are not");
struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *wq;
	va_list args;

	va_start(args, max_active);
	wq = kshim_alloc_workqueue(fmt, flags, max_active, args);
	va_end(args);
	return wq;
}
