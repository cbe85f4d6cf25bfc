// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work items that run, and those who wait for them (kernel/workqueue.c). An item runs when somebody flushes it, at the
 * end of a step, or when every thread sleeps. It runs as a kworker (worker.c), on the CPU that it was queued on, until
 * it ends or sleeps. An item that slept and was woken continues on the same occasions.
 *
 * Invariants: the same item never runs twice at once; an ordered workqueue runs one item at a time, first come first
 * served.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "workqueue.h"

#define WORKERS 16		/* made at boot; more are made when items nest deeper, or sleep */

/* A kworker, and the item that it runs. */
struct run {
	struct list_head node;		/* on `running` or `idle` */
	struct kshim_worker worker;
	struct work_struct *work;
	work_func_t func;
	struct workqueue_struct *wq;
	unsigned long number;
};

static LIST_HEAD(running);	/* struct run, oldest first */
static LIST_HEAD(idle);		/* struct run, the last used one first */
static unsigned long last_run;
static unsigned int nr_workers;
static DECLARE_WAIT_QUEUE_HEAD(run_ended);

static bool is_running(struct work_struct *work)
{
	struct run *r;

	list_for_each_entry(r, &running, node)
		if (r->work == work)
			return true;
	return false;
}

static bool may_run(struct work_struct *work)
{
	struct workqueue_struct *wq = kshim_wq_of(work);

	return !is_running(work) && !(kshim_wq_is_ordered(wq) && wq->nr_running);
}

/* Called without the lock. */
static struct run *new_worker(void)
{
	struct run *r = kzalloc(sizeof(*r), GFP_KERNEL | __GFP_NOFAIL);
	char name[TASK_COMM_LEN];

	snprintf(name, sizeof(name), "kworker/%u", __atomic_fetch_add(&nr_workers, 1, __ATOMIC_RELAXED));
	kshim_worker_init(&r->worker, name);
	return r;
}

/* Returns an idle worker. NULL: there was none, so one was added, but the lock was given up meanwhile. */
static struct run *get_worker(void)
{
	struct run *r = list_first_entry_or_null(&idle, struct run, node);

	if (r) {
		list_del(&r->node);
		return r;
	}
	host_unlock(&kshim_work_lock);
	r = new_worker();
	host_lock(&kshim_work_lock);
	list_add(&r->node, &idle);
	return NULL;
}

static void put_worker(struct run *r)
{
	host_lock(&kshim_work_lock);
	list_add(&r->node, &idle);
	host_unlock(&kshim_work_lock);
}

/* Runs as the kworker. The workqueue may go as soon as it has no running item. */
static void run_item(void *arg)
{
	struct run *r = arg;
	struct lockdep_map map;

	lockdep_copy_map(&map, &r->work->lockdep_map);
	lock_map_acquire(&r->wq->lockdep_map);
	lock_map_acquire(&map);
	r->func(r->work);
	lock_map_release(&map);
	lock_map_release(&r->wq->lockdep_map);
	if (preempt_count() || current->lockdep_depth || rcu_preempt_depth())
		host_report(KVMSIM_WARN, NULL, 0,
			    "BUG: workqueue leaked atomic, lock or RCU: %s, preempt count %#x, %d locks, "
			    "RCU nesting %d", current->comm, preempt_count(), current->lockdep_depth,
			    rcu_preempt_depth());
	host_lock(&kshim_work_lock);
	list_del(&r->node);
	r->wq->nr_running--;
	host_unlock(&kshim_work_lock);
	if (wq_has_sleeper(&run_ended))
		wake_up_all(&run_ended);
}

/* Takes the item off its queue and has the worker run it. Called with the lock held, returns without it. */
static void run_and_unlock(struct run *r, struct work_struct *work)
{
	struct kshim_cpu *cpu = &kshim_cpus[kshim_work_cpu(work)];

	r->work = work;
	r->func = work->func;
	r->wq = kshim_wq_of(work);
	kshim_work_unqueue(work);
	r->number = ++last_run;
	r->wq->nr_running++;
	list_add_tail(&r->node, &running);
	host_unlock(&kshim_work_lock);
	if (kshim_worker_run(&r->worker, cpu, run_item, r))
		put_worker(r);
}

bool kshim_work_resume_one(void)
{
	struct run *r;

	host_lock(&kshim_work_lock);
	list_for_each_entry(r, &running, node) {
		if (!kshim_worker_woken(&r->worker))
			continue;
		r->worker.asleep = false;
		host_unlock(&kshim_work_lock);
		if (kshim_worker_resume(&r->worker))
			put_worker(r);
		return true;
	}
	host_unlock(&kshim_work_lock);
	return false;
}

/* Returns the oldest pending item, of wq or of any, that may run; or NULL. */
static struct work_struct *first_that_may_run(struct workqueue_struct *wq)
{
	struct work_struct *work;

	list_for_each_entry(work, &kshim_work_items, entry)
		if ((!wq || kshim_wq_of(work) == wq) && may_run(work))
			return work;
	return NULL;
}

bool kshim_work_run_one(void)
{
	struct work_struct *work;
	struct run *r = NULL;

	if (kshim_work_resume_one())
		return true;
	host_lock(&kshim_work_lock);
	while ((work = first_that_may_run(NULL)) && !r)
		r = get_worker();
	if (work) {
		run_and_unlock(r, work);
		return true;
	}
	host_unlock(&kshim_work_lock);
	return false;
}

bool kshim_work_pending(void)
{
	struct run *r;
	bool any;

	host_lock(&kshim_work_lock);
	any = !list_empty(&kshim_work_items);
	list_for_each_entry(r, &running, node)
		any |= kshim_worker_woken(&r->worker);
	host_unlock(&kshim_work_lock);
	return any;
}

static bool run_over(unsigned long number)
{
	struct run *r;
	bool over = true;

	host_lock(&kshim_work_lock);
	list_for_each_entry(r, &running, node)
		if (r->number == number)
			over = false;
	host_unlock(&kshim_work_lock);
	return over;
}

/* Number of the run that keeps a pending item from running, or of the item's own run; 0: none. */
static unsigned long run_in_the_way(struct work_struct *work)
{
	struct workqueue_struct *wq = kshim_work_queued(work) ? kshim_wq_of(work) : NULL;
	struct run *r;

	list_for_each_entry(r, &running, node)
		if (r->work == work || (wq && kshim_wq_is_ordered(wq) && r->wq == wq))
			return r->number;
	return 0;
}

static void unlock_and_wait(unsigned long number)
{
	host_unlock(&kshim_work_lock);
	if (number)
		wait_event(run_ended, run_over(number));
}

bool kshim_work_wait(struct work_struct *work)
{
	unsigned long number;

	host_lock(&kshim_work_lock);
	number = run_in_the_way(work);
	unlock_and_wait(number);
	return number;
}

/* --- flushing --- */

/* Returns the item itself, or on an ordered workqueue the first of all. The item is on its list. */
static struct work_struct *first_to_run(struct work_struct *work)
{
	struct workqueue_struct *wq = kshim_wq_of(work);
	struct work_struct *w;

	if (kshim_wq_is_ordered(wq))
		list_for_each_entry(w, &kshim_work_items, entry)
			if (kshim_wq_of(w) == wq)
				return w;
	return work;
}

FAITHFUL(flush_work, "kernel/workqueue.c kernel/workqueue.c:__flush_work");
bool flush_work(struct work_struct *work)
{
	struct work_struct *first;
	struct run *r;

	might_sleep();
	if (WARN_ON(!work->func))
		return false;
	kshim_work_touch_lockdep(work);
	host_lock(&kshim_work_lock);
	while (kshim_work_queued(work)) {
		first = first_to_run(work);
		if (may_run(first)) {
			r = get_worker();
			if (!r)
				continue;
			run_and_unlock(r, first);
			if (first == work) {
				kshim_work_wait(work);
				return true;
			}
		} else {
			unlock_and_wait(run_in_the_way(first));
		}
		host_lock(&kshim_work_lock);
	}
	host_unlock(&kshim_work_lock);
	return kshim_work_wait(work);
}

/* Called without the lock. Runs or waits for what was there at the call. */
static void flush_all(struct workqueue_struct *wq)
{
	struct work_struct *work;
	unsigned int n, before;
	struct run *r;

	host_lock(&kshim_work_lock);
	for (n = wq->nr_pending;;) {
		work = n ? first_that_may_run(wq) : NULL;
		if (work) {
			r = get_worker();
			if (!r)
				continue;
			run_and_unlock(r, work);
			n--;
		} else if (wq->nr_running) {
			before = wq->nr_running;
			host_unlock(&kshim_work_lock);
			wait_event(run_ended, READ_ONCE(wq->nr_running) < before);
		} else {
			break;
		}
		host_lock(&kshim_work_lock);
	}
	host_unlock(&kshim_work_lock);
}

FAITHFUL(__flush_workqueue, "kernel/workqueue.c");
void __flush_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	lock_map_acquire(&wq->lockdep_map);
	lock_map_release(&wq->lockdep_map);
	flush_all(wq);
}

FAITHFUL(current_work, "kernel/workqueue.c");
struct work_struct *current_work(void)
{
	struct work_struct *work = NULL;
	struct run *r;

	host_lock(&kshim_work_lock);
	list_for_each_entry(r, &running, node)
		if (r->worker.task == current)
			work = r->work;
	host_unlock(&kshim_work_lock);
	return work;
}

bool kshim_work_end_threads(void)
{
	struct run *r;
	bool none;

	host_lock(&kshim_work_lock);
	none = list_empty(&running);
	if (none)
		list_for_each_entry(r, &idle, node)
			kshim_worker_end(&r->worker);
	host_unlock(&kshim_work_lock);
	return none;
}

void kshim_work_run_boot(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		put_worker(new_worker());
}
