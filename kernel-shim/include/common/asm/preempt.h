/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/preempt.h: the preemption count and the folded need-resched flag, per native thread.
 * include/asm-generic/preempt.h keeps both per task. The two agree, because a native thread runs one task until that
 * task blocks.
 *
 * Only set_preempt_need_resched() sets kshim_preempt_resched. While it is clear, preempt_enable() is a decrement.
 */
#ifndef __ASM_PREEMPT_H
#define __ASM_PREEMPT_H

#include <linux/compiler.h>

#define PREEMPT_ENABLED	(0)

extern __thread int kshim_preempt_count;
extern __thread int kshim_preempt_resched;

static __always_inline int preempt_count(void)
{
	return kshim_preempt_count;
}

static __always_inline void preempt_count_set(int pc)
{
	kshim_preempt_count = pc;
}

/* The count belongs to the thread, not to the task: core/sched/sched.c sets it when a thread starts. */
#define init_task_preempt_count(p) do { } while (0)
#define init_idle_preempt_count(p, cpu) do { } while (0)

static __always_inline void set_preempt_need_resched(void)
{
	kshim_preempt_resched = 1;
}

static __always_inline void clear_preempt_need_resched(void)
{
	kshim_preempt_resched = 0;
}

static __always_inline bool test_preempt_need_resched(void)
{
	return kshim_preempt_resched;
}

static __always_inline void __preempt_count_add(int val)
{
	kshim_preempt_count += val;
}

static __always_inline void __preempt_count_sub(int val)
{
	kshim_preempt_count -= val;
}

static __always_inline int __preempt_count_add_return(int val)
{
	return kshim_preempt_count += val;
}

static __always_inline int __preempt_count_sub_return(int val)
{
	return kshim_preempt_count -= val;
}

static __always_inline bool __preempt_count_dec_and_test(void)
{
	return !--kshim_preempt_count && unlikely(kshim_preempt_resched);
}

static __always_inline bool should_resched(int preempt_offset)
{
	return unlikely(kshim_preempt_resched) && kshim_preempt_count == preempt_offset;
}

#ifdef CONFIG_PREEMPTION
extern asmlinkage void preempt_schedule(void);
extern asmlinkage void preempt_schedule_notrace(void);
#define __preempt_schedule() preempt_schedule()
#define __preempt_schedule_notrace() preempt_schedule_notrace()
#endif

#endif
