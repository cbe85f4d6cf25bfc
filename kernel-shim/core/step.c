// SPDX-License-Identifier: GPL-2.0-only
/* The end of a step: what is due runs until nothing is left. Also the registry of counters. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include "sched_internal.h"

#define STEP_NS 1000		/* a step takes this much virtual time */
#define MAX_TURNS 100000
#define MAX_COUNTERS 96

static struct counter {
	const char *name;
	uint64_t *value;
} counters[MAX_COUNTERS];
static unsigned int nr_counters;
static uint64_t nr_locks;	/* refreshed when it is read */

void kshim_step_end(void)
{
	bool held = kshim_cpu_held();
	unsigned int turns = 0;
	bool found = true;

	if (!held)
		kshim_cpu_acquire(kshim_cpu, current);
	kshim_time_set(kshim_time() + STEP_NS);
	while (found && turns++ < MAX_TURNS) {
		found = kshim_work_run_one();
		found |= kshim_timers_run() != 0;
		found |= kshim_rcu_run() != 0;
		found |= kshim_srcu_run() != 0;
	}
	if (found)
		host_report(KVMSIM_WARN, NULL, 0,
			    "a step does not end: work items or callbacks queue themselves again");
	kshim_task_reap();
	if (!held)
		kshim_cpu_release(kshim_cpu);
}

int kshim_sched_validate(void)
{
	return kshim_task_validate() + kshim_rcu_validate() + kshim_work_validate() + kshim_timers_validate();
}

void kshim_counter_register(const char *name, uint64_t *value)
{
	BUG_ON(nr_counters == MAX_COUNTERS);
	counters[nr_counters++] = (struct counter){ .name = name, .value = value };
}

const char *kshim_counter_name(unsigned int i)
{
	return i < nr_counters ? counters[i].name : NULL;
}

uint64_t kshim_counter(unsigned int i)
{
	uint64_t sum = 0;
	unsigned int cpu;

	if (i >= nr_counters)
		return 0;
	if (counters[i].value == &nr_locks) {
		for (cpu = 0; cpu < kshim_nr_cpus; cpu++)
			sum += READ_ONCE(kshim_cpus[cpu].nr_locks);
		return sum;
	}
	return __atomic_load_n(counters[i].value, __ATOMIC_RELAXED);
}

void kshim_counter_boot(void)
{
	kshim_counter_register("locks", &nr_locks);
	kshim_counter_register("spin_waits", &kshim_nr_spin_waits);
	kshim_counter_register("sleeps", &kshim_nr_sleeps);
	kshim_counter_register("wakeups", &kshim_nr_wakeups);
	kshim_counter_register("ipis", &kshim_nr_ipis);
	kshim_counter_register("grace_periods", &kshim_nr_grace_periods);
}
