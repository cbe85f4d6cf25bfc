// SPDX-License-Identifier: GPL-2.0-only
/* The end of a step: what is due runs until nothing is left. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include "internal.h"

#define STEP_NS 1000		/* a step takes this much virtual time */
#define MAX_TURNS 100000

void kshim_step_end(void)
{
	bool held = kshim_cpu_held();
	unsigned int turns = 0;
	bool found = true;

	if (!held)
		kshim_cpu_acquire(kshim_cpu, current);
	kshim_time_set(kshim_time() + STEP_NS);
	while (found && turns++ < MAX_TURNS)
		found = kshim_idle_run_each();
	if (found)
		host_report(KVMSIM_WARN, NULL, 0,
			    "a step does not end: work items or callbacks queue themselves again");
	kshim_task_reap();
	if (!held)
		kshim_cpu_release(kshim_cpu);
}

int kshim_sched_validate(void)
{
	return kshim_task_validate() + kshim_idle_validate();
}
