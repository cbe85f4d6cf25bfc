// SPDX-License-Identifier: GPL-2.0-only
/* A kthread with a queue of work (kernel/kthread.c). */
#include <linux/kthread.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

REDUCED(kthread_create_worker_on_node, "kernel/kthread.c kernel/kthread.c:__kthread_create_worker_on_node",
	"its items run in an ordered workqueue");
__printf(3, 4)
struct kthread_worker *kthread_create_worker_on_node(unsigned int flags, int node, const char namefmt[], ...)
{
	struct kthread_worker *worker;
	va_list args;

	va_start(args, namefmt);
	worker = kshim_kthread_worker(flags, namefmt, args);
	va_end(args);
	return worker;
}
