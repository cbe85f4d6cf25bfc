// SPDX-License-Identifier: GPL-2.0-only
/*
 * SRCU (kernel/rcu/srcutree.c). Readers count themselves in and out per CPU, in one of two sets. A grace period flips
 * the set and waits until both balance. Callbacks wait in one queue per srcu_struct.
 *
 * Invariants: over all CPUs, srcu_lock_count[i] - srcu_unlock_count[i] is the number of readers inside with index i.
 * srcu_gp_seq has a grace period running when its low bits are not 0 (as in the kernel). The callbacks of a srcu_struct
 * are in CPU 0's srcu_cblist, which uses head, tails[0] and len; while there are any, srcu_sup->work.work.entry is on
 * `waiting`.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/rcupdate_wait.h>
#include <linux/srcu.h>
#include <kshim/form/srcu_ctr.h>
#include <kshim/form/srcu_usage.h>
#include "internal.h"

#define STATE_MASK 3UL	/* kernel/rcu/rcu.h: RCU_SEQ_STATE_MASK */

static LIST_HEAD(waiting);
static unsigned long queued;
static struct host_lock lock;	/* guards callbacks, waiting, queued */
static int runner;		/* 1: a thread runs callbacks */

/* --- readers --- */

FAITHFUL(__srcu_read_lock, "kernel/rcu/srcutree.c");
int __srcu_read_lock(struct srcu_struct *ssp)
{
	int idx;

	kshim_sched_point(KSHIM_PT_SRCU, ssp);
	idx = kshim_srcu_idx(ssp);
	atomic_long_inc(kshim_srcu_locks(ssp, raw_smp_processor_id(), idx));
	smp_mb();	/* the count before the reader's reads; pairs with readers_gone() and grace_period() */
	return idx;
}

FAITHFUL(__srcu_read_unlock, "kernel/rcu/srcutree.c");
void __srcu_read_unlock(struct srcu_struct *ssp, int idx)
{
	smp_mb();	/* the reader's reads before the count; pairs with grace_period() */
	/* Pairs with the acquire in readers_gone(). */
	atomic_long_inc_return_release(kshim_srcu_unlocks(ssp, raw_smp_processor_id(), idx));
	kshim_sched_point(KSHIM_PT_SRCU, ssp);
}

/* Sums the unlocks first, so that a reader that comes and goes meanwhile cannot hide one that stays. */
static bool readers_gone(struct srcu_struct *ssp, int idx)
{
	unsigned long unlocks = 0, locks = 0;
	int cpu;

	/* Pairs with the release in __srcu_read_unlock(). */
	for_each_possible_cpu(cpu)
		unlocks += atomic_long_read_acquire(kshim_srcu_unlocks(ssp, cpu, idx));
	smp_mb();	/* pairs with __srcu_read_lock() */
	for_each_possible_cpu(cpu)
		locks += atomic_long_read(kshim_srcu_locks(ssp, cpu, idx));
	return locks == unlocks;
}

/* --- life --- */

/* What the kernel's init_srcu_struct() does; the name that it calls is in compat/<form>/srcu_ctr. */
int kshim_srcu_init(struct srcu_struct *ssp, const char *name, struct lock_class_key *key)
{
	int cpu;

	debug_check_no_locks_freed((void *)ssp, sizeof(*ssp));
	lockdep_init_map(&ssp->dep_map, name, key, 0);
	if (kshim_srcu_usage_new(ssp))
		return -ENOMEM;
	ssp->sda = alloc_percpu(struct srcu_data);
	if (!ssp->sda) {
		kshim_srcu_usage_free(ssp);
		return -ENOMEM;
	}
	kshim_srcu_first_idx(ssp);
	kshim_srcu_usage_of(ssp)->srcu_gp_seq = SRCU_GP_SEQ_INITIAL_VAL;
	INIT_LIST_HEAD(&kshim_srcu_usage_of(ssp)->work.work.entry);
	for_each_possible_cpu(cpu) {
		per_cpu_ptr(ssp->sda, cpu)->cpu = cpu;
		per_cpu_ptr(ssp->sda, cpu)->ssp = ssp;
	}
	return 0;
}

static struct rcu_segcblist *callbacks_of(struct srcu_struct *ssp)
{
	return &per_cpu_ptr(ssp->sda, 0)->srcu_cblist;
}

FAITHFUL(cleanup_srcu_struct, "kernel/rcu/srcutree.c");
void cleanup_srcu_struct(struct srcu_struct *ssp)
{
	if (WARN_ON(!readers_gone(ssp, 0) || !readers_gone(ssp, 1)))
		return;	/* leaked, as in the kernel */
	if (WARN_ON(callbacks_of(ssp)->len))
		return;
	if (WARN_ON(READ_ONCE(kshim_srcu_usage_of(ssp)->srcu_gp_seq) & STATE_MASK))
		return;
	free_percpu(ssp->sda);
	ssp->sda = NULL;
	kshim_srcu_usage_free(ssp);
}

/* --- grace periods --- */

static unsigned long snap(struct srcu_struct *ssp)
{
	/* Here and in done(): pairs with the release at the end of grace_period(). */
	return (smp_load_acquire(&kshim_srcu_usage_of(ssp)->srcu_gp_seq) + 2 * STATE_MASK + 1) & ~STATE_MASK;
}

static bool done(struct srcu_struct *ssp, unsigned long cookie)
{
	return ULONG_CMP_GE(smp_load_acquire(&kshim_srcu_usage_of(ssp)->srcu_gp_seq), cookie);
}

static bool claim(kshim_srcu_usage *sup)
{
	unsigned long seq = READ_ONCE(sup->srcu_gp_seq);

	return !(seq & STATE_MASK) && cmpxchg(&sup->srcu_gp_seq, seq, seq + 1) == seq;
}

static void grace_period(struct srcu_struct *ssp)
{
	kshim_srcu_usage *sup = kshim_srcu_usage_of(ssp);
	unsigned long cookie = snap(ssp);
	bool mine = false;
	struct kshim_wait w;
	int idx;

	kshim_sched_point(KSHIM_PT_SRCU, ssp);
	__atomic_fetch_add(&kshim_nr_grace_periods, 1, __ATOMIC_RELAXED);
	kshim_wait_begin(&w);
	kshim_spin_until("another SRCU grace period", ssp, (mine = claim(sup)) || done(ssp, cookie));
	if (mine) {
		idx = kshim_srcu_idx(ssp);
		kshim_spin_until("an SRCU reader", ssp, readers_gone(ssp, idx ^ 1));
		smp_mb();	/* the look before the flip; pairs with both of the readers' barriers */
		kshim_srcu_flip(ssp);
		smp_mb();	/* the flip before the look at the old set; pairs with __srcu_read_unlock() */
		kshim_spin_until("an SRCU reader", ssp, readers_gone(ssp, idx));
		/* Pairs with the acquires in snap() and done(). */
		smp_store_release(&sup->srcu_gp_seq, (sup->srcu_gp_seq & ~STATE_MASK) + STATE_MASK + 1);
	}
	kshim_wait_end(&w);
}

FAITHFUL(synchronize_srcu, "kernel/rcu/srcutree.c kernel/rcu/srcutree.c:__synchronize_srcu");
void synchronize_srcu(struct srcu_struct *ssp)
{
	lock_map_sync(&ssp->dep_map);
	RCU_LOCKDEP_WARN(lockdep_is_held(ssp) || lock_is_held(&rcu_bh_lock_map) || lock_is_held(&rcu_lock_map) ||
			 lock_is_held(&rcu_sched_lock_map),
			 "Illegal synchronize_srcu() in same-type SRCU (or in RCU) read-side critical section");
	might_sleep();
	grace_period(ssp);
}

FAITHFUL(synchronize_srcu_expedited, "kernel/rcu/srcutree.c");
void synchronize_srcu_expedited(struct srcu_struct *ssp)
{
	synchronize_srcu(ssp);
}

FAITHFUL(get_state_synchronize_srcu, "kernel/rcu/srcutree.c");
unsigned long get_state_synchronize_srcu(struct srcu_struct *ssp)
{
	smp_mb();	/* the caller's changes before the number; pairs with cmpxchg() in claim() */
	return snap(ssp);
}

/* --- callbacks --- */

REDUCED(call_srcu, "kernel/rcu/srcutree.c kernel/rcu/srcutree.c:__call_srcu",
	"the callback runs at the end of the step, or in srcu_barrier()");
void call_srcu(struct srcu_struct *ssp, struct rcu_head *rhp, rcu_callback_t func)
{
	struct rcu_segcblist *cbs = callbacks_of(ssp);

	rhp->func = func;
	rhp->next = NULL;
	host_lock(&lock);
	kshim_srcu_usage_first(ssp);
	if (cbs->head) {
		*cbs->tails[0] = rhp;
	} else {
		cbs->head = rhp;
		list_add_tail(&kshim_srcu_usage_of(ssp)->work.work.entry, &waiting);
	}
	cbs->tails[0] = (struct rcu_head **)&rhp->next;
	cbs->len++;
	queued++;
	host_unlock(&lock);
}

static struct rcu_head *take(struct srcu_struct *ssp)
{
	struct rcu_segcblist *cbs = callbacks_of(ssp);
	struct rcu_head *list;

	host_lock(&lock);
	list = cbs->head;
	if (list) {
		cbs->head = NULL;
		queued -= cbs->len;
		cbs->len = 0;
		list_del_init(&kshim_srcu_usage_of(ssp)->work.work.entry);
	}
	host_unlock(&lock);
	return list;
}

static unsigned int run_callbacks(struct srcu_struct *ssp)
{
	struct rcu_head *list = take(ssp), *next;
	struct kshim_softirq s;
	unsigned int n = 0;

	if (!list)
		return 0;
	grace_period(ssp);
	WARN_ON(!kshim_softirq_enter(&s, true));
	for (; list; list = next, n++) {
		next = (struct rcu_head *)list->next;
		list->func(list);
	}
	kshim_softirq_exit(&s);
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

static struct srcu_struct *first_waiting(void)
{
	kshim_srcu_usage *sup;

	host_lock(&lock);
	sup = list_first_entry_or_null(&waiting, kshim_srcu_usage, work.work.entry);
	host_unlock(&lock);
	return sup ? kshim_srcu_struct_of(sup) : NULL;
}

static bool run_queued(void)
{
	struct srcu_struct *ssp;
	unsigned int n = 0;

	if (!kshim_srcu_queued() || !runner_try())
		return false;
	ssp = first_waiting();
	if (ssp)
		n = run_callbacks(ssp);
	runner_done();
	return n != 0;
}

static bool is_queued(void)
{
	return kshim_srcu_queued() != 0;
}

void kshim_srcu_boot(void)
{
	static const struct kshim_idle_source source = { .name = "SRCU", .run = run_queued, .pending = is_queued };

	kshim_idle_register(&source);
}

FAITHFUL(srcu_barrier, "kernel/rcu/srcutree.c");
void srcu_barrier(struct srcu_struct *ssp)
{
	struct kshim_wait w;

	might_sleep();
	kshim_wait_begin(&w);
	kshim_spin_until("SRCU callbacks that another thread runs", &runner, runner_try());
	kshim_wait_end(&w);
	run_callbacks(ssp);
	runner_done();
}

REDUCED(start_poll_synchronize_srcu, "kernel/rcu/srcutree.c",
	"starts nothing: the next grace period of this srcu_struct completes it");
unsigned long start_poll_synchronize_srcu(struct srcu_struct *ssp)
{
	return get_state_synchronize_srcu(ssp);
}

FAITHFUL(poll_state_synchronize_srcu, "kernel/rcu/srcutree.c");
bool poll_state_synchronize_srcu(struct srcu_struct *ssp, unsigned long cookie)
{
	return cookie == SRCU_GP_SEQ_INITIAL_VAL || done(ssp, cookie);
}

unsigned long kshim_srcu_queued(void)
{
	unsigned long n;

	host_lock(&lock);
	n = queued;
	host_unlock(&lock);
	return n;
}
