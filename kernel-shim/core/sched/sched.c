// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping and waking (kernel/sched/core.c without run queues). A task that sleeps parks its native thread. A woken
 * task runs again as soon as it gets its CPU; a woken kworker runs when somebody drives it (worker.c).
 */
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/sched/cputime.h>
#include <linux/sched/debug.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/sched/wake_q.h>
#include <linux/wait.h>
#include "internal.h"

uint64_t kshim_nr_sleeps, kshim_nr_wakeups;

/* The kernel's preempt_notifier_key. */
static atomic_t preempt_notifier_users;

/* kernel/sched/core.c: fire_sched_{out,in}_preempt_notifiers(), with preemption off as there. */
static void notify_out(struct task_struct *t)
{
	struct preempt_notifier *n;

	if (!atomic_read(&preempt_notifier_users))
		return;
	preempt_disable();
	hlist_for_each_entry(n, &t->preempt_notifiers, link)
		n->ops->sched_out(n, kshim_cpu->idle);
	preempt_enable_no_resched();
}

static void notify_in(struct task_struct *t)
{
	struct preempt_notifier *n;

	if (!atomic_read(&preempt_notifier_users))
		return;
	preempt_disable();
	hlist_for_each_entry(n, &t->preempt_notifiers, link)
		n->ops->sched_in(n, kshim_cpu->id);
	preempt_enable_no_resched();
}

FAITHFUL(preempt_notifier_inc, "kernel/sched/core.c");
void preempt_notifier_inc(void)
{
	atomic_inc(&preempt_notifier_users);
}

FAITHFUL(preempt_notifier_dec, "kernel/sched/core.c");
void preempt_notifier_dec(void)
{
	atomic_dec(&preempt_notifier_users);
}

FAITHFUL(preempt_notifier_register, "kernel/sched/core.c");
void preempt_notifier_register(struct preempt_notifier *notifier)
{
	WARN(!atomic_read(&preempt_notifier_users), "registering preempt_notifier while notifiers disabled\n");
	hlist_add_head(&notifier->link, &current->preempt_notifiers);
}

FAITHFUL(preempt_notifier_unregister, "kernel/sched/core.c");
void preempt_notifier_unregister(struct preempt_notifier *notifier)
{
	hlist_del(&notifier->link);
}

/* The checks of schedule_debug() and rcu_note_context_switch(). */
static void check_may_sleep(void)
{
	if (preempt_count())
		host_report(KVMSIM_WARN, NULL, 0, "BUG: scheduling while atomic: %s/%d, preempt count %#x",
			    current->comm, current->pid, preempt_count());
	if (irqs_disabled())
		host_report(KVMSIM_WARN, NULL, 0, "schedule() with interrupts off: %s/%d", current->comm, current->pid);
	if (rcu_preempt_depth())
		host_report(KVMSIM_WARN, NULL, 0, "Voluntary context switch within RCU read-side critical section!");
}

void kshim_give_way(void)
{
	struct kshim_cpu *c = kshim_cpu;
	unsigned int turns = 0;

	clear_tsk_need_resched(current);
	kshim_sched_point(KSHIM_PT_RESCHED, current);
	if (!__atomic_load_n(&c->wanted, __ATOMIC_RELAXED) || !kshim_cpu_held())
		return;
	notify_out(current);
	kshim_cpu_release(c);
	while (__atomic_load_n(&c->wanted, __ATOMIC_RELAXED) && !READ_ONCE(c->holder) && ++turns < 1000)
		host_spin_wait();
	kshim_cpu_acquire(c, current);
	notify_in(current);
}

/*
 * Called by a sleeping thread when no other thread can run, or when a busy waiter asks for it. Runs pending work that
 * may wake someone. Returns false if there was none and no other thread can go on, which means a deadlock.
 */
static bool look_for_work(struct kshim_task *k, bool held)
{
	bool found;

	__atomic_store_n(&k->looking, true, __ATOMIC_RELAXED);
	kshim_look_begin();
	kshim_sleep_end(held);
	found = kshim_idle_work();
	kshim_sleep_begin();
	__atomic_store_n(&k->looking, false, __ATOMIC_RELAXED);
	return kshim_look_end(found);
}

/* Returns when the sleeper is to look again: whether it was woken, and for what there is to do. */
static void park(struct task_struct *t, struct kshim_task *k, bool last)
{
	unsigned int us = last ? kshim_tick_us() : 0;
	u64 now = kshim_time();

	if (!us)
		host_park(&k->parker);
	else if (!host_park_for(&k->parker, us))
		kshim_tick(now);
	/* kshim_host_signal() cannot wake the task itself. */
	if (signal_pending_state(READ_ONCE(t->__state), t))
		wake_up_process(t);
}

static void sleep_until_woken(struct task_struct *t, struct kshim_task *k, bool held)
{
	bool last, found;

	host_lock(&k->lock);
	if (READ_ONCE(t->__state) == TASK_RUNNING || signal_pending_state(READ_ONCE(t->__state), t)) {
		host_unlock(&k->lock);
		return;
	}
	/* Pairs with the acquires in poke(), add_sleeper() and kshim_worker_woken(). */
	__atomic_store_n(&k->parked, true, __ATOMIC_RELEASE);
	host_unlock(&k->lock);

	if (kshim_worker_driven(k->worker)) {
		kshim_worker_sleep(k->worker);
		return;
	}
	last = kshim_thread_blocks();
	/* parked pairs with the release in try_to_wake_up(), poked with the release in poke(). */
	while (__atomic_load_n(&k->parked, __ATOMIC_ACQUIRE)) {
		if (last || __atomic_exchange_n(&k->poked, false, __ATOMIC_ACQUIRE)) {
			found = look_for_work(k, held);
			if (!found && !kshim_outside())
				kshim_deadlock("every thread sleeps and no timer or work item ends that");
			last = kshim_all_sleep();
			if (found)
				continue;
		}
		park(t, k, last);
	}
}

static void do_schedule(void *ip)
{
	struct task_struct *t = current;
	struct kshim_task *k = kshim_task_of(t);
	bool held = kshim_cpu_held();

	check_may_sleep();
	kshim_sched_point(KSHIM_PT_PARK, t);
	if (READ_ONCE(t->__state) == TASK_RUNNING) {
		kshim_give_way();
		return;
	}
	if (signal_pending_state(READ_ONCE(t->__state), t)) {
		__set_current_state(TASK_RUNNING);
		return;
	}
	__atomic_fetch_add(&kshim_nr_sleeps, 1, __ATOMIC_RELAXED);
	k->wait_ip = ip;
	notify_out(t);
	kshim_sleep_begin();
	sleep_until_woken(t, k, held);
	__set_current_state(TASK_RUNNING);
	kshim_sleep_end(held);
	clear_tsk_need_resched(t);
	notify_in(t);
	k->wait_ip = NULL;
}

void kshim_wait_begin(struct kshim_wait *w)
{
	check_may_sleep();
	w->held = kshim_cpu_held();
	notify_out(current);
	kshim_sleep_begin();
}

void kshim_wait_end(struct kshim_wait *w)
{
	kshim_sleep_end(w->held);
	clear_tsk_need_resched(current);
	notify_in(current);
}

FAITHFUL(schedule, "kernel/sched/core.c kernel/sched/core.c:__schedule");
void schedule(void)
{
	do_schedule((void *)_RET_IP_);
}

FAITHFUL(schedule_preempt_disabled, "kernel/sched/core.c");
void schedule_preempt_disabled(void)
{
	preempt_enable_no_resched();
	do_schedule((void *)_RET_IP_);
	preempt_disable();
}

REDUCED(preempt_schedule, "kernel/sched/core.c kernel/sched/core.c:preempt_schedule_common",
	"there is no preemption; gives the CPU away only where schedule() may");
asmlinkage void preempt_schedule(void)
{
}

REDUCED(preempt_schedule_notrace, "kernel/sched/core.c", "there is no preemption");
asmlinkage void preempt_schedule_notrace(void)
{
}

FAITHFUL(io_schedule_prepare, "kernel/sched/core.c");
int io_schedule_prepare(void)
{
	int old = current->in_iowait;

	current->in_iowait = 1;
	return old;
}

FAITHFUL(io_schedule_finish, "kernel/sched/core.c");
void io_schedule_finish(int token)
{
	current->in_iowait = token;
}

FAITHFUL(io_schedule, "kernel/sched/core.c");
void io_schedule(void)
{
	int token = io_schedule_prepare();

	do_schedule((void *)_RET_IP_);
	io_schedule_finish(token);
}

FAITHFUL(io_schedule_timeout, "kernel/sched/core.c");
long io_schedule_timeout(long timeout)
{
	int token = io_schedule_prepare();

	timeout = schedule_timeout(timeout);
	io_schedule_finish(token);
	return timeout;
}

FAITHFUL(yield, "kernel/sched/syscalls.c");
void yield(void)
{
	__set_current_state(TASK_RUNNING);
	schedule();
	host_spin_wait();
}

REDUCED(try_to_wake_up, "kernel/sched/core.c",
	"no run queue: the task's CPU is taken by its own thread; pi_lock is not taken");
int try_to_wake_up(struct task_struct *p, unsigned int state, int wake_flags)
{
	struct kshim_task *k = kshim_task_of(p);
	int success = 0;

	kshim_sched_point(KSHIM_PT_WAKE, p);
	host_lock(&k->lock);
	if (READ_ONCE(p->__state) & state) {
		success = 1;
		WRITE_ONCE(p->__state, TASK_RUNNING);
		__atomic_fetch_add(&kshim_nr_wakeups, 1, __ATOMIC_RELAXED);
		if (k->parked && kshim_worker_driven(k->worker)) {
			/* Pairs with the acquire in kshim_worker_woken(). */
			__atomic_store_n(&k->parked, false, __ATOMIC_RELEASE);
		} else if (k->parked) {
			kshim_thread_runs();
			/* Pairs with the acquire in sleep_until_woken(). */
			__atomic_store_n(&k->parked, false, __ATOMIC_RELEASE);
			host_unpark(&k->parker);
		}
	}
	host_unlock(&k->lock);
	return success;
}

FAITHFUL(wake_up_process, "kernel/sched/core.c");
int wake_up_process(struct task_struct *p)
{
	return try_to_wake_up(p, TASK_NORMAL, 0);
}

FAITHFUL(wake_up_state, "kernel/sched/core.c");
int wake_up_state(struct task_struct *p, unsigned int state)
{
	return try_to_wake_up(p, state, 0);
}

FAITHFUL(default_wake_function, "kernel/sched/core.c");
int default_wake_function(wait_queue_entry_t *curr, unsigned int mode, int wake_flags, void *key)
{
	return try_to_wake_up(curr->private, mode, wake_flags);
}

INERT_VOID(kick_process, "kernel/sched/core.c",
	   "a thread is in the kernel or in no task at all: user code, which could be interrupted, is not run");

/* Puts task at the end of a list that only the caller has. Returns false if the task is on some list already. */
static bool wake_q_claim(struct wake_q_head *head, struct task_struct *task)
{
	/* Pairs with the host_lock() of try_to_wake_up(), which wake_up_q() calls after it clears next. */
	smp_mb();
	if (cmpxchg_relaxed(&task->wake_q.next, NULL, WAKE_Q_TAIL) != NULL)
		return false;
	*head->lastp = &task->wake_q;
	head->lastp = &task->wake_q.next;
	return true;
}

FAITHFUL(wake_q_add, "kernel/sched/core.c kernel/sched/core.c:__wake_q_add");
void wake_q_add(struct wake_q_head *head, struct task_struct *task)
{
	if (wake_q_claim(head, task))
		get_task_struct(task);
}

FAITHFUL(wake_q_add_safe, "kernel/sched/core.c");
void wake_q_add_safe(struct wake_q_head *head, struct task_struct *task)
{
	if (!wake_q_claim(head, task))
		put_task_struct(task);
}

FAITHFUL(wake_up_q, "kernel/sched/core.c");
void wake_up_q(struct wake_q_head *head)
{
	struct wake_q_node *at, *next;
	struct task_struct *task;

	for (at = head->first; at != WAKE_Q_TAIL; at = next) {
		task = container_of(at, struct task_struct, wake_q);
		next = at->next;
		/* From here on somebody else may queue the task; pairs with the cmpxchg in wake_q_claim(). */
		WRITE_ONCE(at->next, NULL);
		wake_up_process(task);
		put_task_struct(task);
	}
}

/* kernel/exit.c */
FAITHFUL(rcuwait_wake_up, "kernel/exit.c");
int rcuwait_wake_up(struct rcuwait *w)
{
	struct task_struct *task;
	int ret = 0;

	rcu_read_lock();
	smp_mb();	/* the condition before the waiter's state; pairs with rcuwait_wait_event() */
	task = rcu_dereference(w->task);
	if (task)
		ret = wake_up_process(task);
	rcu_read_unlock();
	return ret;
}

/* With full preemption a task gives way when it drops its last lock; here it does so in the cond_resched family. */
static void give_way_if_wanted(bool wanted)
{
	kshim_sched_point(KSHIM_PT_RESCHED, current);
	if (wanted && !preempt_count() && !irqs_disabled() && !rcu_preempt_depth())
		schedule();
	else
		kshim_cpu_relax();
}

FAITHFUL(__cond_resched_lock, "kernel/sched/core.c");
int __cond_resched_lock(spinlock_t *lock)
{
	int resched = need_resched();

	lockdep_assert_held(lock);
	if (!spin_needbreak(lock) && !resched)
		return 0;
	spin_unlock(lock);
	give_way_if_wanted(resched);
	spin_lock(lock);
	return 1;
}

FAITHFUL(__cond_resched_rwlock_read, "kernel/sched/core.c");
int __cond_resched_rwlock_read(rwlock_t *lock)
{
	int resched = need_resched();

	lockdep_assert_held_read(lock);
	if (!rwlock_needbreak(lock) && !resched)
		return 0;
	read_unlock(lock);
	give_way_if_wanted(resched);
	read_lock(lock);
	return 1;
}

FAITHFUL(__cond_resched_rwlock_write, "kernel/sched/core.c");
int __cond_resched_rwlock_write(rwlock_t *lock)
{
	int resched = need_resched();

	lockdep_assert_held_write(lock);
	if (!rwlock_needbreak(lock) && !resched)
		return 0;
	write_unlock(lock);
	give_way_if_wanted(resched);
	write_lock(lock);
	return 1;
}

FAITHFUL(task_curr, "kernel/sched/core.c");
int task_curr(const struct task_struct *p)
{
	unsigned int i;

	for (i = 0; i < kshim_nr_cpus; i++)
		if (READ_ONCE(kshim_cpus[i].holder) == p)
			return 1;
	return 0;
}

FAITHFUL(single_task_running, "kernel/sched/core.c");
bool single_task_running(void)
{
	return !__atomic_load_n(&kshim_cpu->wanted, __ATOMIC_RELAXED);
}

REDUCED(yield_to, "kernel/sched/syscalls.c", "never gives its CPU to another task: each has one of its own");
int yield_to(struct task_struct *p, bool preempt)
{
	return single_task_running() ? -ESRCH : 0;
}

REDUCED(set_user_nice, "kernel/sched/syscalls.c", "remembered, never used: every task has a native thread");
void set_user_nice(struct task_struct *p, long nice)
{
	p->static_prio = NICE_TO_PRIO(clamp_t(long, nice, MIN_NICE, MAX_NICE));
}

REDUCED(set_cpus_allowed_ptr, "kernel/sched/core.c kernel/sched/core.c:__set_cpus_allowed_ptr_locked",
	"remembered, never used: a native thread stays on its CPU");
int set_cpus_allowed_ptr(struct task_struct *p, const struct cpumask *new_mask)
{
	cpumask_copy(&p->cpus_mask, new_mask);
	return 0;
}

REDUCED(task_sched_runtime, "kernel/sched/core.c", "0: CPU time is not accounted");
u64 task_sched_runtime(struct task_struct *t)
{
	return 0;
}

REDUCED(wait_task_inactive, "kernel/sched/core.c", "the state only: true when the task is not running");
unsigned long wait_task_inactive(struct task_struct *p, unsigned int match_state)
{
	return READ_ONCE(p->__state) != TASK_RUNNING;
}
