// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preemption on demand: need_resched() becomes true at every n-th point of a thread that holds KVM's mmu_lock. A point
 * is a look at the locks that the task holds, or one more lock. So a loop over entries of a table, which looks at them
 * under RCU, is interrupted anywhere. Not under other locks: loops of mm begin anew then and look at the first entry
 * only if need_resched() is false, so they would never get there.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <kshim/measure.h>
#include <kshim/task.h>
#include "internal.h"

unsigned int kshim_preempt_period;

void kshim_preempt_every(unsigned int points)
{
	WRITE_ONCE(kshim_preempt_period, points);
	kshim_lock_hook(KSHIM_HOOK_PREEMPT, points);
}

static bool holds_mmu_lock(void)
{
	int i;

	for (i = 0; i < current->lockdep_depth; i++)
		if (strstr(current->held_locks[i].instance->name, "mmu_lock"))
			return true;
	return false;
}

void kshim_preempt_point(void)
{
	struct kshim_cpu *c = kshim_thread_cpu;
	unsigned int period = READ_ONCE(kshim_preempt_period);

	if (!c || !period || !in_task() || irqs_disabled() || !holds_mmu_lock())
		return;
	if (++c->preempt_points % period == 0)
		set_tsk_need_resched(current);
}
