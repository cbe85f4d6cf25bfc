// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of tasks, locks, RCU, and of the errors that are reported: see tests/unit/test_sched.c. */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/preempt.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include "ktest_sched.h"

int ktest_enter(int pid)
{
	return kshim_process_enter(pid) ? 0 : -ESRCH;
}

void ktest_leave(void)
{
	kshim_process_leave();
}

int ktest_sched_validate(void)
{
	return kshim_sched_validate();
}

/* --- locks --- */

static DEFINE_SPINLOCK(spin);
static DEFINE_SPINLOCK(spin_irq);
static DEFINE_RWLOCK(rw);
static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(rwsem);
DEFINE_STATIC_PERCPU_RWSEM(percpu_rwsem);
static long counters[KTEST_NR_LOCKS];

static void lock(enum ktest_lock kind)
{
	switch (kind) {
	case KTEST_SPIN:
		spin_lock(&spin);
		break;
	case KTEST_SPIN_IRQ:
		spin_lock_irq(&spin_irq);
		break;
	case KTEST_WRITE:
		write_lock(&rw);
		break;
	case KTEST_MUTEX:
		mutex_lock(&mutex);
		break;
	case KTEST_RWSEM:
		down_write(&rwsem);
		break;
	case KTEST_PERCPU_RWSEM:
		percpu_down_write(&percpu_rwsem);
		break;
	default:
		break;
	}
}

static void unlock(enum ktest_lock kind)
{
	switch (kind) {
	case KTEST_SPIN:
		spin_unlock(&spin);
		break;
	case KTEST_SPIN_IRQ:
		spin_unlock_irq(&spin_irq);
		break;
	case KTEST_WRITE:
		write_unlock(&rw);
		break;
	case KTEST_MUTEX:
		mutex_unlock(&mutex);
		break;
	case KTEST_RWSEM:
		up_write(&rwsem);
		break;
	case KTEST_PERCPU_RWSEM:
		percpu_up_write(&percpu_rwsem);
		break;
	default:
		break;
	}
}

long ktest_count(enum ktest_lock kind, int n)
{
	long now;

	while (n--) {
		lock(kind);
		counters[kind]++;
		counters[kind]++;
		unlock(kind);
	}
	lock(kind);
	now = counters[kind];
	unlock(kind);
	return now;
}

long ktest_count_read(enum ktest_lock kind, int n)
{
	long odd = 0;

	while (n--) {
		if (kind == KTEST_WRITE)
			read_lock(&rw);
		else if (kind == KTEST_RWSEM)
			down_read(&rwsem);
		else
			percpu_down_read(&percpu_rwsem);
		odd += counters[kind] & 1;
		if (kind == KTEST_WRITE)
			read_unlock(&rw);
		else if (kind == KTEST_RWSEM)
			up_read(&rwsem);
		else
			percpu_up_read(&percpu_rwsem);
	}
	return odd;
}

/* --- fences --- */

static atomic_t asked, given, taken;
static long message;

void ktest_publish(void)
{
	while (!atomic_read(&asked))
		barrier();
	message = 42;
	atomic_fetch_add_release(1, &given);
	while (!atomic_read(&taken))
		barrier();
}

long ktest_receive(int with_fence)
{
	long m;

	atomic_set(&asked, 1);
	while (!atomic_read(&given))
		barrier();
	if (with_fence)
		smp_acquire__after_ctrl_dep();
	m = message;
	atomic_set(&taken, 1);
	return m;
}

/* --- sleeping and waking --- */

static DECLARE_WAIT_QUEUE_HEAD(waitq);
static DECLARE_COMPLETION(completion);
static int token;

void ktest_ping_pong(int side, int n)
{
	while (n--) {
		wait_event(waitq, READ_ONCE(token) == side);
		WRITE_ONCE(token, !side);
		wake_up(&waitq);
	}
}

void ktest_complete(void)
{
	complete(&completion);
}

void ktest_wait_for_completion(void)
{
	wait_for_completion(&completion);
}

static int notified;

static void notify_in(struct preempt_notifier *n, int cpu)
{
	notified += 100;
}

static void notify_out(struct preempt_notifier *n, struct task_struct *next)
{
	notified++;
}

int ktest_sleep_with_notifier(void)
{
	static struct preempt_ops ops = { .sched_in = notify_in, .sched_out = notify_out };
	struct preempt_notifier n;

	preempt_notifier_init(&n, &ops);
	preempt_notifier_inc();
	preempt_notifier_register(&n);
	msleep(1);
	preempt_notifier_unregister(&n);
	preempt_notifier_dec();
	return notified;
}

void ktest_notifier_without_users(void)
{
	struct preempt_notifier n;

	preempt_notifier_init(&n, NULL);
	preempt_notifier_register(&n);
	preempt_notifier_unregister(&n);
}

/* --- RCU --- */

#define ALIVE 0x11111111
#define DEAD 0x22222222

struct object {
	struct rcu_head rcu;
	int state;
};

static struct object __rcu *shared;
static struct srcu_struct srcu;
static int nr_callbacks;

static void free_object(struct rcu_head *head)
{
	struct object *o = container_of(head, struct object, rcu);

	WRITE_ONCE(o->state, DEAD);
	kfree(o);
	__atomic_fetch_add(&nr_callbacks, 1, __ATOMIC_RELAXED);
}

static struct object *replace(void)
{
	struct object *o = kzalloc(sizeof(*o), GFP_KERNEL);

	o->state = ALIVE;
	return unrcu_pointer(xchg(&shared, RCU_INITIALIZER(o)));
}

void ktest_rcu_replace(int n, int with_callback)
{
	struct object *old;

	while (n--) {
		old = replace();
		if (!old)
			continue;
		if (with_callback) {
			call_rcu(&old->rcu, free_object);
			continue;
		}
		synchronize_rcu();
		free_object(&old->rcu);
	}
}

long ktest_rcu_read(int n)
{
	struct object *o;
	long dead = 0;
	int i;

	while (n--) {
		rcu_read_lock();
		o = rcu_dereference(shared);
		for (i = 0; o && i < 20; i++)
			dead += READ_ONCE(o->state) != ALIVE;
		rcu_read_unlock();
	}
	return dead;
}

void ktest_srcu_init(void)
{
	BUG_ON(init_srcu_struct(&srcu));
}

void ktest_srcu_replace(int n)
{
	struct object *old;

	while (n--) {
		old = replace();
		synchronize_srcu(&srcu);
		if (old)
			free_object(&old->rcu);
	}
}

long ktest_srcu_read(int n)
{
	struct object *o;
	long dead = 0;
	int i, idx;

	while (n--) {
		idx = srcu_read_lock(&srcu);
		o = srcu_dereference(shared, &srcu);
		for (i = 0; o && i < 20; i++)
			dead += READ_ONCE(o->state) != ALIVE;
		srcu_read_unlock(&srcu, idx);
	}
	return dead;
}

int ktest_srcu_cleanup(int with_reader)
{
	int idx = 0;

	if (with_reader)
		idx = srcu_read_lock(&srcu);
	cleanup_srcu_struct(&srcu);
	if (with_reader)
		srcu_read_unlock(&srcu, idx);
	return srcu.sda == NULL;
}

int ktest_rcu_callbacks(int n, int barrier)
{
	nr_callbacks = 0;
	while (n--)
		call_rcu(&((struct object *)kzalloc(sizeof(struct object), GFP_KERNEL))->rcu, free_object);
	if (barrier)
		rcu_barrier();
	return nr_callbacks;
}

int ktest_rcu_callbacks_done(void)
{
	return nr_callbacks;
}

/* --- CPUs, tasks --- */

static unsigned long up_mask, fail_cpu;

static int cpu_up_fn(unsigned int cpu)
{
	might_sleep();
	if (cpu == fail_cpu || cpu != smp_processor_id())
		return -EIO;
	up_mask |= 1UL << cpu;
	return 0;
}

static int cpu_down_fn(unsigned int cpu)
{
	if (cpu == smp_processor_id())
		up_mask &= ~(1UL << cpu);
	return 0;
}

int ktest_hotplug(unsigned int fail_on)
{
	int state, up;

	up_mask = 0;
	fail_cpu = fail_on;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "ktest:online", cpu_up_fn, cpu_down_fn);
	up = up_mask;
	if (state < 0)
		return up ? -ENOTEMPTY : state;
	cpuhp_remove_state(state);
	return up_mask ? -ENOTEMPTY : up;
}

int ktest_processes(int pid)
{
	struct task_struct *p, *t;
	int n = 0;

	rcu_read_lock();
	for_each_process_thread(p, t)
		n += t->tgid == pid && get_pid_task(find_vpid(t->pid), PIDTYPE_PID) == t;
	for_each_process_thread(p, t)
		if (t->tgid == pid)
			put_task_struct(t);
	rcu_read_unlock();
	return n;
}

static int never(void *unused)
{
	BUG();
}

int ktest_kthread(void)
{
	struct task_struct *t = kthread_run(never, NULL, "ktest");

	return IS_ERR(t) ? PTR_ERR(t) : kthread_stop(t);
}

/* --- errors made on purpose --- */

static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);
static DEFINE_SPINLOCK(spin_a);
static DEFINE_SPINLOCK(spin_b);
static int arrived;

noinline void ktest_mutex_order(int first)
{
	struct mutex *one = first ? &mutex_b : &mutex_a, *two = first ? &mutex_a : &mutex_b;

	mutex_lock(one);
	mutex_lock(two);
	mutex_unlock(two);
	mutex_unlock(one);
}

static void meet(void)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < 2)
		cpu_relax();
}

noinline void ktest_mutex_cross(int first)
{
	struct mutex *one = first ? &mutex_b : &mutex_a, *two = first ? &mutex_a : &mutex_b;

	mutex_lock(one);
	meet();
	mutex_lock(two);
}

noinline void ktest_spin_forever(int side)
{
	spinlock_t *one = side ? &spin_b : &spin_a, *two = side ? &spin_a : &spin_b;

	spin_lock(one);
	meet();
	spin_lock(two);
}

noinline void ktest_mutex_twice(void)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_a);
}

noinline void ktest_assert_not_held(void)
{
	lockdep_assert_held(&mutex_a);
}

noinline void ktest_unlock_not_held(void)
{
	spin_lock(&spin_a);
	arch_spin_lock(&spin_b.rlock.raw_lock);
	spin_release(&spin_b.dep_map, _RET_IP_);
	arch_spin_unlock(&spin_b.rlock.raw_lock);
	spin_unlock(&spin_a);
}

noinline void ktest_sleep_under_spinlock(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		spin_lock(&spin_a);
		kfree(kmalloc(64, GFP_KERNEL));
		might_sleep();
		spin_unlock(&spin_a);
	}
}

noinline void ktest_sleep_under_rcu(void)
{
	rcu_read_lock();
	msleep(1);
	rcu_read_unlock();
}

noinline void ktest_wait_forever(void)
{
	mutex_lock(&mutex_a);
	wait_event(waitq, READ_ONCE(token) == 42);
	mutex_unlock(&mutex_a);
}

noinline void ktest_srcu_self(void)
{
	int idx = srcu_read_lock(&srcu);

	synchronize_srcu(&srcu);
	srcu_read_unlock(&srcu, idx);
}

noinline void ktest_rcu_self(void)
{
	rcu_read_lock();
	synchronize_rcu();
	rcu_read_unlock();
}

noinline void ktest_leave_with_lock(void)
{
	mutex_lock(&mutex_a);
	kshim_process_leave();
}

noinline void ktest_free_held_lock(void)
{
	struct mutex *m = kmalloc(sizeof(*m), GFP_KERNEL);

	mutex_init(m);
	mutex_lock(m);
	debug_check_no_locks_freed(m, sizeof(*m));
	mutex_unlock(m);
	kfree(m);
}
