// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of interrupts, work items and time: see tests/unit/test_sched.c. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/srcu.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <kshim/form/hrtimer_setup.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include "ktest_sched.h"

/* --- interrupts --- */

static DEFINE_PER_CPU(long, left);
static DEFINE_PER_CPU(long, right);
static long unequal;

static void where(void *result)
{
	*(int *)result = smp_processor_id() + (in_hardirq() ? 100 : 0) + (irqs_disabled() ? 1000 : 0);
}

int ktest_ipi_where(int cpu)
{
	int result = -1;

	smp_call_function_single(cpu, where, &result, 1);
	return result;
}

void ktest_irqs_off_sections(int n)
{
	while (n--) {
		local_irq_disable();
		__this_cpu_inc(left);
		cpu_relax();
		__this_cpu_inc(right);
		local_irq_enable();
	}
}

static void look(void *unused)
{
	if (__this_cpu_read(left) != __this_cpu_read(right))
		unequal++;
}

long ktest_ipi_look(int cpu, int n)
{
	while (n--)
		smp_call_function_single(cpu, look, NULL, 1);
	return unequal;
}

static int irq_work_ran;

static void do_irq_work(struct irq_work *work)
{
	irq_work_ran = in_hardirq() ? 2 : 1;
}

/* 1: ran at once with interrupts on; 2: waited while they were off; 4: ran when they came back. */
int ktest_irq_work(void)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(do_irq_work);
	int result = 0;

	irq_work_queue(&work);
	result |= irq_work_ran == 2;
	irq_work_ran = 0;
	local_irq_disable();
	irq_work_queue(&work);
	result |= (irq_work_ran == 0) << 1;
	local_irq_enable();
	result |= (irq_work_ran == 2) << 2;
	irq_work_sync(&work);
	return result;
}

/* --- work items and time --- */

static int work_cpu, work_runs, work_is_kworker, order[4];

static void do_work(struct work_struct *work)
{
	work_cpu = smp_processor_id();
	work_is_kworker = !!(current->flags & PF_WQ_WORKER) && current_work() == work;
	work_runs++;
}

/* 1: not run before the flush; 2: run by the flush; 4: on its CPU; 8: as a kworker; 16: second queueing refused. */
int ktest_work(void)
{
	struct work_struct work;
	int result = 0;

	INIT_WORK_ONSTACK(&work, do_work);
	work_runs = 0;
	queue_work_on(1, system_wq, &work);
	result |= !queue_work(system_wq, &work) << 4;
	result |= !work_runs;
	flush_work(&work);
	result |= (work_runs == 1) << 1 | (work_cpu == 1) << 2 | work_is_kworker << 3;
	return result;
}

struct ordered {
	struct work_struct work;
	int number;
};

static void do_ordered(struct work_struct *work)
{
	order[work_runs++] = container_of(work, struct ordered, work)->number;
}

/* Items 0..3 of an ordered workqueue; flushing item 2 runs 0, 1, 2. The order as decimal digits. */
int ktest_work_ordered(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("ktest", 0);
	struct ordered w[4];
	int i, result = 0;

	work_runs = 0;
	for (i = 0; i < 4; i++) {
		w[i].number = i + 1;
		INIT_WORK_ONSTACK(&w[i].work, do_ordered);
		queue_work(wq, &w[i].work);
	}
	flush_work(&w[2].work);
	for (i = 0; i < work_runs; i++)
		result = result * 10 + order[i];
	destroy_workqueue(wq);
	return result * 10 + work_runs;
}

/* 1: waits for its time; 2: runs after it; 4: cancelled before it. */
int ktest_delayed_work(void)
{
	static struct delayed_work dwork;
	int result = 0;

	INIT_DELAYED_WORK(&dwork, do_work);
	work_runs = 0;
	schedule_delayed_work(&dwork, msecs_to_jiffies(100));
	kshim_step_end();
	result |= !work_runs;
	kshim_advance_time(200 * NSEC_PER_MSEC);
	result |= (work_runs == 1) << 1;
	schedule_delayed_work(&dwork, msecs_to_jiffies(100));
	result |= cancel_delayed_work_sync(&dwork) << 2;
	kshim_advance_time(200 * NSEC_PER_MSEC);
	return work_runs == 1 ? result : -1;
}

int ktest_work_cancel(void)
{
	struct work_struct work;

	INIT_WORK_ONSTACK(&work, do_work);
	work_runs = 0;
	schedule_work(&work);
	return cancel_work_sync(&work) && !cancel_work_sync(&work) && !work_runs && !work_pending(&work);
}

/* --- items that sleep --- */

static DECLARE_COMPLETION(go);
static int stage[2];		/* of two items: 1 begun, 2 over */

static void first_item(struct work_struct *work)
{
	stage[0] = 1;
	wait_for_completion(&go);
	stage[0] = 2;
}

static void second_item(struct work_struct *work)
{
	stage[1] = 1;
	msleep(5);
	stage[1] = 2;
}

static DECLARE_WORK(first, first_item);
static DECLARE_WORK(second, second_item);

static void flushing_item(struct work_struct *work)
{
	stage[1] = 1;
	flush_work(&first);
	stage[1] = 2;
}

static DECLARE_WORK(flushing, flushing_item);

static bool at(int a, int b)
{
	return stage[0] == a && stage[1] == b;
}

int ktest_work_sleeps(void)
{
	int result = 0;

	queue_work_on(1, system_wq, &first);
	kshim_step_end();
	result |= at(1, 0);
	kshim_step_end();
	complete(&go);
	result |= at(1, 0) << 1;
	kshim_step_end();
	result |= at(2, 0) << 2;
	queue_work(system_wq, &second);
	kshim_step_end();
	result |= at(2, 1) << 3;
	flush_work(&second);
	return result | at(2, 2) << 4;
}

int ktest_work_behind_a_sleeper(void)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("ktest", 0);
	int result = 0;

	queue_work(wq, &first);
	queue_work(wq, &second);
	kshim_step_end();
	result |= at(1, 0);
	complete(&go);
	flush_work(&second);
	result |= at(2, 2) << 1;
	stage[0] = stage[1] = 0;
	queue_work(wq, &first);
	queue_work(wq, &second);
	kshim_step_end();
	result |= at(1, 0) << 2;
	complete(&go);
	destroy_workqueue(wq);
	return result | at(2, 2) << 3;
}

int ktest_work_waits_for_a_sleeper(void)
{
	int result = 0;

	queue_work(system_wq, &first);
	queue_work(system_wq, &flushing);
	kshim_step_end();
	result |= at(1, 1);
	complete(&go);
	kshim_step_end();
	result |= at(2, 2) << 1;
	queue_work(system_wq, &second);
	kshim_step_end();
	result |= at(2, 1) << 2;
	result |= !cancel_work_sync(&second) << 3;
	return result | at(2, 2) << 4;
}

static struct srcu_struct section;

static void reading_item(struct work_struct *work)
{
	int idx = srcu_read_lock(&section);

	first_item(work);
	srcu_read_unlock(&section, idx);
}

static DECLARE_WORK(reading, reading_item);

/* A grace period waits busily for an item, which has been woken and that nobody has gone on with yet. */
int ktest_work_that_is_waited_for_busily(void)
{
	int result = 0;

	if (init_srcu_struct(&section))
		return -ENOMEM;
	queue_work(system_wq, &reading);
	kshim_step_end();
	result |= at(1, 0);
	complete(&go);
	synchronize_srcu(&section);
	result |= at(2, 0) << 1;
	cleanup_srcu_struct(&section);
	return result;
}

void ktest_work_sleeps_for_ever(void)
{
	queue_work(system_wq, &first);
	flush_work(&first);
}

uint64_t ktest_time(void)
{
	return ktime_get_ns();
}

uint64_t ktest_msleep(unsigned int ms)
{
	u64 start = ktime_get_ns();

	msleep(ms);
	return ktime_get_ns() - start;
}

static struct timer_list timer;
static struct hrtimer hrtimer;
static int timer_fired, hrtimer_fired;

static void on_timer(struct timer_list *t)
{
	timer_fired += in_softirq() && !in_hardirq();
}

static enum hrtimer_restart on_hrtimer(struct hrtimer *t)
{
	hrtimer_fired += !!in_hardirq();
	hrtimer_forward_now(t, ms_to_ktime(3));
	return HRTIMER_RESTART;
}

void ktest_start_timers(void)
{
	timer_setup(&timer, on_timer, 0);
	mod_timer(&timer, jiffies + msecs_to_jiffies(10));
	kshim_hrtimer_setup(&hrtimer, on_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&hrtimer, ms_to_ktime(3), HRTIMER_MODE_REL);
}

void add_timer_local(struct timer_list *timer);	/* linux/timer.h of older kernels has neither */
void add_timer_global(struct timer_list *timer);

int ktest_timer_places(void)
{
	struct timer_list t;
	int seen;

	timer_setup_on_stack(&t, on_timer, 0);
	t.expires = jiffies + 1000;
	add_timer_local(&t);
	seen = timer_pending(&t) | !!(t.flags & TIMER_PINNED) << 1;
	timer_delete_sync(&t);
	add_timer_global(&t);
	seen |= timer_pending(&t) << 2 | !(t.flags & TIMER_PINNED) << 3;
	timer_delete_sync(&t);
	destroy_timer_on_stack(&t);
	return seen;
}

int ktest_timers_fired(void)
{
	return timer_fired + 100 * hrtimer_fired;
}

void ktest_stop_timers(void)
{
	timer_delete_sync(&timer);
	hrtimer_cancel(&hrtimer);
}
