/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_sched.c (host) asks of tests/unit/ktest_sched*.c (kernel): plain numbers only. */
#ifndef KTEST_SCHED_H
#define KTEST_SCHED_H

#include <kshim/types.h>

/* Makes the calling thread a task of the process, or the CPU's boot task again. */
int ktest_enter(int pid);
void ktest_leave(void);
int ktest_sched_validate(void);

/* Adds 1 to a plain counter n times under a lock; the names order the kinds. Returns the counter at the end. */
enum ktest_lock {
	KTEST_SPIN, KTEST_SPIN_IRQ, KTEST_WRITE, KTEST_MUTEX, KTEST_RWSEM, KTEST_PERCPU_RWSEM, KTEST_NR_LOCKS
};
long ktest_count(enum ktest_lock kind, int n);
/* Reads the same counter n times under the read side. Returns how often it was odd (writers add twice). */
long ktest_count_read(enum ktest_lock kind, int n);

/* One thread passes a plain variable through a relaxed one. The receiver, with or without a fence, returns it (42). */
void ktest_publish(void);
long ktest_receive(int with_fence);

/* Wait queues and completions: side 0 and side 1 pass a token n times. */
void ktest_ping_pong(int side, int n);
void ktest_complete(void);
void ktest_wait_for_completion(void);
/* Sleeps with a preempt notifier registered. Returns sched_out calls + 100 * sched_in calls. */
int ktest_sleep_with_notifier(void);
void ktest_notifier_without_users(void);	/* registers one without a preempt_notifier_inc() */

/* Writers replace a shared object, which is freed after a grace period. Readers return how often they found it dead. */
void ktest_rcu_replace(int n, int with_callback);
long ktest_rcu_read(int n);
void ktest_srcu_init(void);
void ktest_srcu_replace(int n);
long ktest_srcu_read(int n);
int ktest_srcu_cleanup(int with_reader);
int ktest_rcu_callbacks(int n, int barrier);	/* how many of n ran before the step ended */
int ktest_rcu_callbacks_done(void);

/* Interrupts. */
int ktest_ipi_where(int cpu);			/* CPU in the function + 100 if in_hardirq + 1000 if irqs are off */
void ktest_irqs_off_sections(int n);		/* each makes two variables of the CPU equal again */
long ktest_ipi_look(int cpu, int n);		/* how often an interrupt there found them unequal */
int ktest_irq_work(void);

/* Work items and timers: result is a bit mask, see the kernel half. */
int ktest_work(void);
int ktest_work_ordered(void);
int ktest_delayed_work(void);
int ktest_work_cancel(void);
int ktest_work_sleeps(void);			/* these, too: a bit for each thing that is right */
int ktest_work_behind_a_sleeper(void);
int ktest_work_waits_for_a_sleeper(void);
int ktest_work_that_is_waited_for_busily(void);
void ktest_work_sleeps_for_ever(void);
uint64_t ktest_msleep(unsigned int ms);		/* virtual ns that passed */
uint64_t ktest_time(void);
void ktest_start_timers(void);			/* at 10 ms and (hrtimer, periodic) each 3 ms */
/* add_timer_local() queues 1 and pins 2, add_timer_global() queues 4 and does not pin 8. */
int ktest_timer_places(void);
int ktest_timers_fired(void);			/* timer + 100 * hrtimer */
void ktest_stop_timers(void);

int ktest_hotplug(unsigned int fail_on);	/* mask of CPUs whose startup ran, minus those torn down, or -errno */
int ktest_processes(int pid);			/* threads of that process that the task list has */
int ktest_kthread(void);

/* Errors made on purpose. */
void ktest_mutex_order(int first);		/* takes two mutexes, 0: a then b, 1: b then a */
void ktest_mutex_cross(int first);		/* the same, and waits in between until the other thread has one */
void ktest_mutex_twice(void);
void ktest_assert_not_held(void);
void ktest_unlock_not_held(void);
void ktest_sleep_under_spinlock(void);
void ktest_sleep_under_rcu(void);
void ktest_wait_forever(void);
void ktest_srcu_self(void);
void ktest_rcu_self(void);
void ktest_leave_with_lock(void);
void ktest_free_held_lock(void);
void ktest_spin_forever(int side);		/* two spinlocks crosswise */

#endif
