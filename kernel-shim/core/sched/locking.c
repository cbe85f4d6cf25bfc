// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks for sleeping where it is not allowed (kernel/sched/core.c); the locks themselves are the kernel's own files.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include "internal.h"

#define SITES 256	/* one report each; sites beyond this number are not reported */

static struct site {
	const char *file;
	int line;
} sites[SITES];
static struct host_lock lock;

static bool first_time(const char *file, int line)
{
	unsigned int i;
	bool new = false;

	host_lock(&lock);
	for (i = 0; i < SITES && sites[i].file; i++)
		if (sites[i].file == file && sites[i].line == line)
			goto out;
	if (i < SITES) {
		sites[i] = (struct site){ .file = file, .line = line };
		new = true;
	}
out:
	host_unlock(&lock);
	return new;
}

static bool offsets_ok(unsigned int offsets)
{
	unsigned int nested = preempt_count();

	nested += rcu_preempt_depth() << MIGHT_RESCHED_RCU_SHIFT;
	return nested == offsets;
}

/*
 * cond_resched() does nothing else with full preemption. A loop that stops for need_resched() until it has been
 * preempted (zap_pte_range()) gives its CPU away here, since preempt_schedule() does not.
 */
REDUCED(__might_resched, "kernel/sched/core.c",
	"one report per place instead of one per second; a task that must give its CPU away does so here");
void __might_resched(const char *file, int line, unsigned int offsets)
{
	rcu_sleep_check();
	if (likely(offsets_ok(offsets) && !irqs_disabled() && !current->non_block_count)) {
		if (!offsets && unlikely(need_resched()))
			kshim_give_way();
		return;
	}
	if (!first_time(file, line))
		return;
	debug_show_held_locks(current);
	host_report_from(__builtin_return_address(0), KVMSIM_WARN, file, line,
			 "BUG: sleeping function called from invalid context at %s:%d\n"
			 "in_atomic(): %d, irqs_disabled(): %d, non_block: %d, pid: %d, name: %s\n"
			 "preempt_count: %x, expected: %x\n"
			 "RCU nest depth: %d, expected: %u",
			 file, line, in_atomic(), irqs_disabled(), current->non_block_count, current->pid,
			 current->comm, preempt_count(), offsets & MIGHT_RESCHED_PREEMPT_MASK, rcu_preempt_depth(),
			 offsets >> MIGHT_RESCHED_RCU_SHIFT);
}

FAITHFUL(__might_sleep, "kernel/sched/core.c");
void __might_sleep(const char *file, int line)
{
	unsigned int state = get_current_state();

	if (unlikely(state != TASK_RUNNING && current->task_state_change) && first_time(file, line))
		host_report_from(__builtin_return_address(0), KVMSIM_WARN, file, line,
				 "do not call blocking ops when !TASK_RUNNING; state=%x set at %pS", state,
				 (void *)current->task_state_change);
	__might_resched(file, line, 0);
}

/* The kernel's __cant_sleep(), whose definition is in compat/<form>/cant_sleep. */
void kshim_cant_sleep(const char *file, int line, int preempt_offset, void *ip)
{
	if (irqs_disabled() || preempt_count() > preempt_offset || !first_time(file, line))
		return;
	host_report_from(ip, KVMSIM_WARN, file, line,
			 "BUG: assuming atomic context at %s:%d\n"
			 "in_atomic(): %d, irqs_disabled(): %d, pid: %d, name: %s",
			 file, line, in_atomic(), irqs_disabled(), current->pid, current->comm);
}
