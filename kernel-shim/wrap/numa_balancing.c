// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUMA hints: what kernel/sched/fair.c does for the placement of pages. Its scan makes entries of a process
 * inaccessible, its account of the faults decides whether a page moves. Nothing without CONFIG_NUMA_BALANCING.
 *
 * The rest of the scheduler is not there (core/sched/sched.c). A task stays on its CPU, because no CPU has a scheduling
 * domain, and a run queue knows no more than the CPU's current task.
 */
#include <linux/kconfig.h>
#ifdef CONFIG_NUMA_BALANCING

#include <linux/energy_model.h>
#include <linux/hugetlb_inline.h>
#include <linux/jiffies.h>
#include <linux/mempolicy.h>
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/sched/isolation.h>
#include <linux/sched/nohz.h>
#include <linux/task_work.h>

#include "kernel/sched/sched.h"

static struct rq *queue_of(int cpu);
#undef cpu_rq
#define cpu_rq(cpu) queue_of(cpu)
#include "kernel/sched/fair.c"

/* In the kernel kernel/sched/core.c has all of the scheduler's. */
DEFINE_TRACE(sched_skip_vma_numa,
	     TP_PROTO(struct mm_struct *mm, struct vm_area_struct *vma, enum numa_vmaskip_reason reason),
	     TP_ARGS(mm, vma, reason));
DEFINE_TRACE(sched_skip_cpuset_numa, TP_PROTO(struct task_struct *tsk, nodemask_t *mem_allowed_ptr),
	     TP_ARGS(tsk, mem_allowed_ptr));
DEFINE_TRACE(sched_stick_numa,
	     TP_PROTO(struct task_struct *src_tsk, int src_cpu, struct task_struct *dst_tsk, int dst_cpu),
	     TP_ARGS(src_tsk, src_cpu, dst_tsk, dst_cpu));

#include <linux/memory-tiers.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include "../core/sched/internal.h"
#include "wrap.h"

static DEFINE_PER_CPU(struct rq, queues);

static struct rq *queue_of(int cpu)
{
	struct rq *rq = &per_cpu(queues, cpu);

	WRITE_ONCE(rq->curr, READ_ONCE(kshim_cpus[cpu].holder) ?: &init_task);
	return rq;
}

REDUCED(sd_numa, "kernel/sched/topology.c", "NULL: no CPU has a scheduling domain, and a task stays on its CPU");
DEFINE_PER_CPU(struct sched_domain __rcu *, sd_numa);
FAITHFUL(sched_numa_topology_type, "kernel/sched/topology.c");
enum numa_topology_type sched_numa_topology_type = NUMA_DIRECT;

FAITHFUL(sched_numa_balancing, "kernel/sched/core.c");
DEFINE_STATIC_KEY_FALSE(sched_numa_balancing);
FAITHFUL(sysctl_numa_balancing_mode, "kernel/sched/core.c");
int sysctl_numa_balancing_mode;

FAITHFUL(set_numabalancing_state, "kernel/sched/core.c");
void set_numabalancing_state(bool enabled)
{
	sysctl_numa_balancing_mode = enabled ? NUMA_BALANCING_NORMAL : NUMA_BALANCING_DISABLED;
	if (enabled)
		static_branch_enable(&sched_numa_balancing);
	else
		static_branch_disable(&sched_numa_balancing);
}

REDUCED(sched_setnuma, "kernel/sched/core.c", "without a run queue to take the task off meanwhile");
void sched_setnuma(struct task_struct *p, int nid)
{
	p->numa_preferred_nid = nid;
}

/* No driver of memory makes tiers here, so that pgdat->memtier is NULL. */
REDUCED(node_is_toptier, "mm/memory-tiers.c", "no node is slower than others");
bool node_is_toptier(int node)
{
	return true;
}

REDUCED(folio_use_access_time, "mm/memory-tiers.c", "no node is slower than others");
bool folio_use_access_time(struct folio *folio)
{
	return false;
}

/*
 * For a thread the kernel looks at the memory of the one that makes it, for the time of the first tick that may start a
 * scan. Here another thread may make it, and there is no tick.
 */
void kshim_numa_task_new(struct task_struct *t, bool thread)
{
	struct mm_struct *mm = t->mm;

	if (!thread) {
		init_numa_balancing(0, t);
		return;
	}
	t->mm = NULL;
	init_numa_balancing(CLONE_VM, t);
	t->mm = mm;
	t->numa_scan_seq = READ_ONCE(mm->numa_scan_seq);
}

/* task_tick_numa() leaves this to the task's return to user mode. */
long kshim_numa_scan(void)
{
	struct mm_struct *mm = current->mm;
	unsigned long before = READ_ONCE(mm->numa_next_scan);

	task_numa_work(&current->numa_work);
	return READ_ONCE(mm->numa_next_scan) != before;
}

long kshim_numa_count(unsigned int which)
{
	switch (which) {
	case KVMSIM_NUMA_REMOTE:
		return current->numa_faults_locality[0];
	case KVMSIM_NUMA_LOCAL:
		return current->numa_faults_locality[1];
	case KVMSIM_NUMA_FAILED:
		return current->numa_faults_locality[2];
	case KVMSIM_NUMA_MIGRATED:
		return current->numa_pages_migrated;
	}
	return -EINVAL;
}

#endif
