// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU (kernel/rcu/tree.c) on liburcu. Readers are liburcu's. Grace periods wait for them and for sections with
 * preemption or interrupts off. Callbacks wait in one queue until somebody runs them. The rest is the real
 * kernel/rcu/update.c.
 *
 * A grace period first waits for the readers that it can see in kshim_cpu.rcu_seq; a deadlock is noticed there. Then it
 * asks liburcu, which gives the guarantee.
 */
#include <linux/context_tracking.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "kernel/rcu/rcu.h"
#include <kshim/form/ct_nesting.h>
#include "internal.h"

uint64_t kshim_nr_grace_periods;

FAITHFUL(rcu_scheduler_active, "kernel/rcu/tree.c");
int rcu_scheduler_active = RCU_SCHEDULER_RUNNING;

FAITHFUL(context_tracking, "kernel/context_tracking.c");
DEFINE_PER_CPU(struct context_tracking, context_tracking) = KSHIM_CT_WATCHING;

static unsigned long gp_started, gp_done;	/* grace periods since boot */

struct queue {
	struct rcu_head *first, **tail;
	unsigned long len;
};
static struct queue callbacks = { .tail = &callbacks.first };
static struct queue kvfrees = { .tail = &kvfrees.first };	/* func is the memory to free */
static struct host_lock queue_lock;				/* guards both */
static int runner;						/* 1: a thread runs callbacks, batches stay in order */

/* --- readers --- */

FAITHFUL(__rcu_read_lock, "kernel/rcu/tree_plugin.h");
void __rcu_read_lock(void)
{
	struct kshim_cpu *c = kshim_thread_cpu;

	if (current->rcu_read_lock_nesting++)
		return;
	kshim_sched_point(KSHIM_PT_RCU, NULL);
	if (!c->rcu_depth++)
		__atomic_store_n(&c->rcu_seq, c->rcu_seq + 1, __ATOMIC_RELAXED);
	host_rcu_read_lock();
	/* Pairs with the add in grace_period(): a later reader sees what came before that. */
	__atomic_load_n(&gp_started, __ATOMIC_ACQUIRE);
}

FAITHFUL(__rcu_read_unlock, "kernel/rcu/tree_plugin.h");
void __rcu_read_unlock(void)
{
	struct kshim_cpu *c = kshim_thread_cpu;
	int nesting = --current->rcu_read_lock_nesting;

	if (nesting > 0)
		return;
	if (nesting < 0) {
		current->rcu_read_lock_nesting = 0;
		host_report(KVMSIM_WARN, NULL, 0, "rcu_read_unlock() without rcu_read_lock()");
		return;
	}
	host_rcu_read_unlock();
	if (!--c->rcu_depth)
		/* Pairs with the acquires of rcu_seq in wait_for_readers(). */
		__atomic_store_n(&c->rcu_seq, c->rcu_seq + 1, __ATOMIC_RELEASE);
	kshim_sched_point(KSHIM_PT_RCU, NULL);
}

REDUCED(rcu_is_watching, "kernel/rcu/tree.c", "true: there is no idle loop and no user mode inside the kernel code");
bool rcu_is_watching(void)
{
	return true;
}

FAITHFUL(rcu_lockdep_current_cpu_online, "kernel/rcu/tree.c");
bool rcu_lockdep_current_cpu_online(void)
{
	return true;
}

FAITHFUL(rcu_note_context_switch, "kernel/rcu/tree_plugin.h");
void rcu_note_context_switch(bool preempt)
{
	WARN_ONCE(!preempt && rcu_preempt_depth() > 0,
		  "Voluntary context switch within RCU read-side critical section!");
	/* Pairs with the acquires of quiescent in wait_for_readers(). */
	__atomic_fetch_add(&kshim_thread_cpu->quiescent, 1, __ATOMIC_RELEASE);
}

/* --- grace periods --- */

/* Only its own thread writes the count, as plain memory; a stale value only makes the caller look again. */
__attribute__((no_sanitize("thread")))
static bool in_atomic_section(struct kshim_cpu *c)
{
	bool in;

	host_lock(&c->count_lock);
	in = c->preempt_count && *(const volatile int *)c->preempt_count;
	host_unlock(&c->count_lock);
	/* Pairs with the release in irq_unlock(). */
	return in || __atomic_load_n(&c->irq_lock, __ATOMIC_ACQUIRE);
}

static void wait_for_readers(void)
{
	struct kshim_cpu *c, *self = kshim_thread_cpu;
	unsigned long seq;

	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++) {
		/* Here and below, rcu_seq pairs with the release in __rcu_read_unlock(). */
		seq = __atomic_load_n(&c->rcu_seq, __ATOMIC_ACQUIRE);
		if (c != self && seq & 1)
			kshim_spin_until("an RCU reader", c, __atomic_load_n(&c->rcu_seq, __ATOMIC_ACQUIRE) != seq);
	}
	host_synchronize_rcu();
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++) {
		/* Here and below, quiescent pairs with the release in rcu_note_context_switch(). */
		seq = __atomic_load_n(&c->quiescent, __ATOMIC_ACQUIRE);
		if (c != self)
			kshim_spin_until("a section with preemption or interrupts off", c, !in_atomic_section(c) ||
					 __atomic_load_n(&c->quiescent, __ATOMIC_ACQUIRE) != seq);
	}
}

static void grace_period(void)
{
	/* Pairs with the loads of gp_started in __rcu_read_lock() and get_state_synchronize_rcu(). */
	unsigned long gp = __atomic_add_fetch(&gp_started, 1, __ATOMIC_ACQ_REL);
	unsigned long done;
	struct kshim_wait w;

	if (kshim_thread_cpu->rcu_depth)
		kshim_deadlock("an RCU reader waits for a grace period, which waits for the reader");
	kshim_sched_point(KSHIM_PT_RCU, NULL);
	__atomic_fetch_add(&kshim_nr_grace_periods, 1, __ATOMIC_RELAXED);
	kshim_wait_begin(&w);
	wait_for_readers();
	kshim_wait_end(&w);
	done = __atomic_load_n(&gp_done, __ATOMIC_RELAXED);
	/* Pairs with the acquire in poll_state_synchronize_rcu(). */
	while (done < gp &&
	       !__atomic_compare_exchange_n(&gp_done, &done, gp, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* A macro: lockdep says each place once. */
#define SYNCHRONIZE(name) do {								\
	RCU_LOCKDEP_WARN(lock_is_held(&rcu_bh_lock_map) || lock_is_held(&rcu_lock_map) ||	\
			 lock_is_held(&rcu_sched_lock_map),				\
			 "Illegal " name "() in RCU read-side critical section");	\
	might_sleep();									\
	grace_period();									\
} while (0)

FAITHFUL(synchronize_rcu, "kernel/rcu/tree.c kernel/rcu/tree.c:synchronize_rcu_normal");
void synchronize_rcu(void)
{
	SYNCHRONIZE("synchronize_rcu");
}

FAITHFUL(synchronize_rcu_expedited, "kernel/rcu/tree_exp.h");
void synchronize_rcu_expedited(void)
{
	SYNCHRONIZE("synchronize_rcu_expedited");
}

FAITHFUL(get_state_synchronize_rcu, "kernel/rcu/tree.c");
unsigned long get_state_synchronize_rcu(void)
{
	smp_mb();	/* Pairs with the add in grace_period(): its callers rely on a full barrier. */
	return __atomic_load_n(&gp_started, __ATOMIC_ACQUIRE) + 1;
}

REDUCED(start_poll_synchronize_rcu, "kernel/rcu/tree.c",
	"starts nothing: the next grace period that somebody waits for completes it");
unsigned long start_poll_synchronize_rcu(void)
{
	return get_state_synchronize_rcu();
}

FAITHFUL(poll_state_synchronize_rcu, "kernel/rcu/tree.c");
bool poll_state_synchronize_rcu(unsigned long oldstate)
{
	/* Pairs with the release of gp_done in grace_period(). */
	return __atomic_load_n(&gp_done, __ATOMIC_ACQUIRE) >= oldstate;
}

FAITHFUL(cond_synchronize_rcu, "kernel/rcu/tree.c");
void cond_synchronize_rcu(unsigned long oldstate)
{
	if (!poll_state_synchronize_rcu(oldstate))
		synchronize_rcu();
}

/* --- callbacks --- */

static void enqueue(struct queue *q, struct rcu_head *head, rcu_callback_t func)
{
	head->func = func;
	head->next = NULL;
	host_lock(&queue_lock);
	*q->tail = head;
	q->tail = (struct rcu_head **)&head->next;
	q->len++;
	host_unlock(&queue_lock);
}

static struct rcu_head *take(struct queue *q)
{
	struct rcu_head *list;

	host_lock(&queue_lock);
	list = q->first;
	q->first = NULL;
	q->tail = &q->first;
	q->len = 0;
	host_unlock(&queue_lock);
	return list;
}

unsigned long kshim_rcu_queued(void)
{
	unsigned long n;

	host_lock(&queue_lock);
	n = callbacks.len + kvfrees.len;
	host_unlock(&queue_lock);
	return n;
}

REDUCED(call_rcu, "kernel/rcu/tree.c kernel/rcu/tree.c:__call_rcu_common",
	"the callback runs at the end of the step, in rcu_barrier(), or when very many wait");
void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	WARN_ON_ONCE((unsigned long)head & (sizeof(void *) - 1));
	enqueue(&callbacks, head, func);
}

/* Its definition, for one way to name the object or another: compat/<form>/kvfree_pointer. */
REDUCED(kvfree_call_rcu, "kernel/rcu/tree.c", "freed where call_rcu() callbacks run");
void kshim_kvfree_rcu(struct rcu_head *head, void *ptr)
{
	if (head) {
		enqueue(&kvfrees, head, ptr);
		return;
	}
	might_sleep();
	synchronize_rcu();
	kvfree(ptr);
}

static unsigned int run_batch(void)
{
	struct rcu_head *list = take(&callbacks);
	struct rcu_head *frees = take(&kvfrees);
	struct rcu_head *next;
	struct kshim_softirq s;
	unsigned int n = 0;

	if (!list && !frees)
		return 0;
	grace_period();
	if (list) {
		WARN_ON(!kshim_softirq_enter(&s, true));
		for (; list; list = next, n++) {
			rcu_callback_t func = list->func;

			next = (struct rcu_head *)list->next;
			rcu_lock_acquire(&rcu_callback_map);
			list->func = NULL;
			func(list);
			rcu_lock_release(&rcu_callback_map);
		}
		kshim_softirq_exit(&s);
	}
	for (; frees; frees = next, n++) {
		next = (struct rcu_head *)frees->next;
		kvfree((void *)frees->func);
	}
	return n;
}

static bool runner_try(void)
{
	/* Pairs with the release in runner_done(). */
	return !__atomic_exchange_n(&runner, 1, __ATOMIC_ACQUIRE);
}

static void runner_done(void)
{
	/* Pairs with the acquire in runner_try(). */
	__atomic_store_n(&runner, 0, __ATOMIC_RELEASE);
}

static bool run_queued(void)
{
	unsigned int n;

	if (!kshim_rcu_queued() || !runner_try())
		return false;
	n = run_batch();
	runner_done();
	return n != 0;
}

FAITHFUL(rcu_barrier, "kernel/rcu/tree.c");
void rcu_barrier(void)
{
	struct kshim_wait w;

	might_sleep();
	kshim_wait_begin(&w);
	kshim_spin_until("RCU callbacks that another thread runs", &runner, runner_try());
	kshim_wait_end(&w);
	run_batch();
	runner_done();
}

static int validate(void)
{
	struct queue *const queues[] = { &callbacks, &kvfrees };
	struct rcu_head *head;
	unsigned long n;
	int i, bad = 0;

	host_lock(&queue_lock);
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		n = 0;
		for (head = queues[i]->first; head; head = (struct rcu_head *)head->next)
			n++;
		bad += n != queues[i]->len || *queues[i]->tail;
	}
	bad += gp_done > gp_started;
	host_unlock(&queue_lock);
	if (bad)
		host_check("scheduling", "RCU: a queue or the count of grace periods is inconsistent");
	return bad;
}

static bool is_queued(void)
{
	return kshim_rcu_queued() != 0;
}

void kshim_rcu_boot(void)
{
	static const struct kshim_idle_source source = {
		.name = "RCU", .run = run_queued, .pending = is_queued, .validate = validate,
	};

	kshim_idle_register(&source);
}
