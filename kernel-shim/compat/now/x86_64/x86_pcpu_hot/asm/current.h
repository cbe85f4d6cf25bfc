/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's asm/current.h: `current`, and the per-CPU struct pcpu_hot. Headers use its cpu_number (raw_smp_processor_id()),
 * softirq_pending and top_of_stack. current_task and preempt_count are unused: see asm/current.h and asm/preempt.h in
 * include/common. kshim_arch_boot_cpu() sets cpu_number.
 */
#ifndef _ASM_X86_CURRENT_H
#define _ASM_X86_CURRENT_H

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <asm/percpu.h>

struct task_struct;

struct pcpu_hot {
	struct task_struct *current_task;
	int preempt_count;
	int cpu_number;
	unsigned long top_of_stack;
	void *hardirq_stack_ptr;
	u16 softirq_pending;
	bool hardirq_stack_inuse;
} ____cacheline_aligned;

DECLARE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot);

#define const_pcpu_hot pcpu_hot

#endif

#include_next <asm/current.h>

#endif
