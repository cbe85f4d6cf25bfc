// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of waits that depend on time or on another thread: see tests/unit/test_waits.c. */
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <kshim/task.h>
#include "../../kernel-shim/core/sched/internal.h"
#include "ktest_waits.h"

static struct timer_list periodic;

static void again(struct timer_list *t)
{
	mod_timer(t, jiffies + 300 * HZ);
}

void ktest_waits_periodic(void)
{
	timer_setup(&periodic, again, 0);
	mod_timer(&periodic, jiffies + 300 * HZ);
}

static DECLARE_RWSEM(rwsem);
static int reading;

void ktest_waits_read_and_sleep(void)
{
	down_read(&rwsem);
	WRITE_ONCE(reading, 1);
	schedule_timeout_uninterruptible(1);
	up_read(&rwsem);
}

void ktest_waits_write(void)
{
	while (!READ_ONCE(reading))
		cpu_relax();
	down_write(&rwsem);
	up_write(&rwsem);
}

uint64_t ktest_waits_sleep(unsigned int seconds)
{
	u64 start = kshim_time();

	schedule_timeout_uninterruptible(seconds * HZ);
	return div_u64(kshim_time() - start, NSEC_PER_SEC);
}

static DEFINE_MUTEX(ktest_waits_mutex);

noinline void ktest_waits_for_ever(void)
{
	mutex_lock(&ktest_waits_mutex);
	__set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
	mutex_unlock(&ktest_waits_mutex);
}

static DEFINE_SPINLOCK(spin_a);
static DEFINE_SPINLOCK(spin_b);
static int met;

noinline void ktest_waits_crosswise(int side)
{
	spin_lock(side ? &spin_b : &spin_a);
	__atomic_fetch_add(&met, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&met, __ATOMIC_SEQ_CST) < 2)
		cpu_relax();
	spin_lock(side ? &spin_a : &spin_b);
}

static int irq_works;

static void count_irq_work(struct irq_work *work)
{
	irq_works++;
}

static DEFINE_IRQ_WORK(irq_work, count_irq_work);

static void ask_for_irq_work(void *unused)
{
	irq_work_queue(&irq_work);
}

int ktest_waits_irq_work_on(int cpu)
{
	irq_works = 0;
	smp_call_function_single(cpu, ask_for_irq_work, NULL, 1);
	return irq_works;
}

static int busy_cpu = -1;
static int item_ran;

static void run_item(struct work_struct *work)
{
	WRITE_ONCE(item_ran, 1);
}

static DECLARE_WORK(item, run_item);

static void take_cpu(void)
{
	WRITE_ONCE(busy_cpu, raw_smp_processor_id());
}

unsigned int ktest_waits_stop_for_resched(void)
{
	unsigned int stops = 0;

	take_cpu();
	while (!READ_ONCE(item_ran) && stops < 100000) {
		if (need_resched()) {
			stops++;
			cond_resched();
		} else {
			cpu_relax();
		}
	}
	return stops;
}

void ktest_waits_keep_cpu(void)
{
	take_cpu();
	while (!READ_ONCE(item_ran))
		cpu_relax();
}

/* Its own thread alone writes it, as plain memory, which is on that thread's stack and may be over by now. */
__no_sanitize_thread
bool ktest_waits_for_cpu(unsigned int cpu, unsigned int busy)
{
	const struct kshim_spin *spin = *(struct kshim_spin *const volatile *)&kshim_cpus[cpu].spin;

	return spin && spin->ptr == &kshim_cpus[busy];
}

void ktest_waits_item_on_busy_cpu(void)
{
	kshim_workers_begin();
	while (READ_ONCE(busy_cpu) < 0)
		cpu_relax();
	schedule_work_on(READ_ONCE(busy_cpu), &item);
	flush_work(&item);
}

static unsigned int turns, comes_at;

static void count_turns(enum kshim_point kind, const volatile void *ptr)
{
	turns += kind == KSHIM_PT_SPIN && ptr == &turns;
}

unsigned int ktest_waits_until_turn(unsigned int turn)
{
	turns = 0;
	comes_at = turn;
	kshim_scheduler = count_turns;
	kshim_spin_until("the test's turn", &turns, turns >= comes_at);
	kshim_scheduler = NULL;
	return turns;
}
