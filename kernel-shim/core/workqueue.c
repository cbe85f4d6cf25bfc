// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues (kernel/workqueue.c) without worker threads: a work item runs when somebody flushes it, at the end of a
 * step, or when every thread sleeps; then in a kworker task, on the CPU that it was queued on, on the native thread
 * that asked.
 *
 * Invariants: a work item is on `pending` if and only if its PENDING bit is set and no timer of it is armed (but for
 * the moment between); data holds workqueue number and CPU then. The same item never runs twice at once; an ordered
 * workqueue runs one item at a time, first come first served.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/cpu.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "sched_internal.h"

#define NAME_LEN 32
#define CPU_SHIFT 8	/* in data of a pending item: CPU, */
#define WQ_SHIFT 16	/* and number of the workqueue */

struct workqueue_struct {
	struct list_head node;
	unsigned long number;
	unsigned int flags;
	int max_active;
	unsigned int nr_pending, nr_running;
	char name[NAME_LEN];
	struct lock_class_key key;
	struct lockdep_map lockdep_map;
};

struct run {
	struct list_head node;
	struct work_struct *work;
	work_func_t func;
	struct workqueue_struct *wq;
	struct task_struct *task;	/* NULL until it has one */
	unsigned long number;
};

static LIST_HEAD(pending);	/* work_struct.entry, oldest first */
static LIST_HEAD(running);	/* struct run */
static LIST_HEAD(wqs);
static LIST_HEAD(idle);		/* struct worker */
static unsigned long last_number;	/* of a workqueue */
static unsigned long last_run;
static struct host_lock lock;	/* guards all of the above */

struct worker {
	struct list_head node;
	struct task_struct *task;
};
#define WORKERS 16		/* made at boot; more are made when works nest deeper */
static unsigned int nr_workers;

FAITHFUL(system_wq);
struct workqueue_struct *system_wq;
FAITHFUL(system_percpu_wq);
struct workqueue_struct *system_percpu_wq;
FAITHFUL(system_highpri_wq);
struct workqueue_struct *system_highpri_wq;
FAITHFUL(system_long_wq);
struct workqueue_struct *system_long_wq;
FAITHFUL(system_unbound_wq);
struct workqueue_struct *system_unbound_wq;
FAITHFUL(system_dfl_wq);
struct workqueue_struct *system_dfl_wq;
FAITHFUL(system_freezable_wq);
struct workqueue_struct *system_freezable_wq;
FAITHFUL(system_power_efficient_wq);
struct workqueue_struct *system_power_efficient_wq;

FAITHFUL(mm_percpu_wq);
struct workqueue_struct *mm_percpu_wq;

/* --- queueing; all static functions here are called with the lock held unless they say otherwise --- */

static struct workqueue_struct *wq_of(struct work_struct *work)
{
	unsigned long number = atomic_long_read(&work->data) >> WQ_SHIFT;
	struct workqueue_struct *wq;

	list_for_each_entry(wq, &wqs, node)
		if (wq->number == number)
			return wq;
	return NULL;
}

static bool is_ordered(struct workqueue_struct *wq)
{
	return wq->max_active == 1;
}

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
	struct workqueue_struct *wq = wq_of(work);

	return !is_running(work) && !(is_ordered(wq) && wq->nr_running);
}

/* The PENDING bit is set by the caller. Not under the lock. */
static void insert(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (cpu == WORK_CPU_UNBOUND)
		cpu = raw_smp_processor_id();
	host_lock(&lock);
	WARN_ON_ONCE(!list_empty(&work->entry));
	atomic_long_set(&work->data, WORK_STRUCT_PENDING | (unsigned long)cpu << CPU_SHIFT | wq->number << WQ_SHIFT);
	list_add_tail(&work->entry, &pending);
	wq->nr_pending++;
	host_unlock(&lock);
}

static void remove(struct work_struct *work)
{
	wq_of(work)->nr_pending--;
	list_del_init(&work->entry);
	atomic_long_set_release(&work->data, WORK_STRUCT_NO_POOL);
}

static bool on_list(struct work_struct *work)
{
	return work_pending(work) && !list_empty(&work->entry);
}

/* --- running --- */

/* Not under the lock. */
static struct worker *get_worker(void)
{
	char name[TASK_COMM_LEN];
	struct worker *w;

	host_lock(&lock);
	w = list_first_entry_or_null(&idle, struct worker, node);
	if (w)
		list_del(&w->node);
	host_unlock(&lock);
	if (w)
		return w;
	w = kzalloc(sizeof(*w), GFP_KERNEL | __GFP_NOFAIL);
	snprintf(name, sizeof(name), "kworker/%u", nr_workers++);
	w->task = kshim_task_new(name, 0, PF_KTHREAD | PF_WQ_WORKER);
	BUG_ON(!w->task);
	return w;
}

static void put_worker(struct worker *w)
{
	host_lock(&lock);
	list_add(&w->node, &idle);
	host_unlock(&lock);
}

static void run_body(void *arg)
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
}

/* Takes the item off its queue and runs it; called with the lock held, returns without. */
static void run_and_unlock(struct work_struct *work)
{
	unsigned int cpu = atomic_long_read(&work->data) >> CPU_SHIFT & 0xff;
	struct run r = { .work = work, .func = work->func, .wq = wq_of(work) };
	struct worker *w;

	remove(work);
	r.number = ++last_run;
	r.wq->nr_running++;
	list_add_tail(&r.node, &running);
	host_unlock(&lock);
	w = get_worker();
	r.task = w->task;
	kshim_run_on(&kshim_cpus[cpu], w->task, run_body, &r);
	put_worker(w);
	host_lock(&lock);
	list_del(&r.node);
	r.wq->nr_running--;
	host_unlock(&lock);
}

bool kshim_work_run_one(void)
{
	struct work_struct *work;

	host_lock(&lock);
	list_for_each_entry(work, &pending, entry) {
		if (may_run(work)) {
			run_and_unlock(work);
			return true;
		}
	}
	host_unlock(&lock);
	return false;
}

bool kshim_work_pending(void)
{
	bool any;

	host_lock(&lock);
	any = !list_empty(&pending);
	host_unlock(&lock);
	return any;
}

static bool run_over(unsigned long number)
{
	struct run *r;
	bool over = true;

	host_lock(&lock);
	list_for_each_entry(r, &running, node)
		if (r->number == number)
			over = false;
	host_unlock(&lock);
	return over;
}

/* Waits for the run of this item that is going on. Not under the lock. */
static bool wait_for_run(struct work_struct *work)
{
	unsigned long number = 0;
	struct kshim_wait w;
	struct run *r;

	host_lock(&lock);
	list_for_each_entry(r, &running, node)
		if (r->work == work)
			number = r->number;
	host_unlock(&lock);
	if (!number)
		return false;
	kshim_wait_begin(&w);
	kshim_spin_until("a work item that runs", work, run_over(number));
	kshim_wait_end(&w);
	return true;
}

/* --- the interface --- */

FAITHFUL(queue_work_on);
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return false;
	insert(cpu, wq, work);
	return true;
}

FAITHFUL(delayed_work_timer_fn);
void delayed_work_timer_fn(struct timer_list *t)
{
	struct delayed_work *dwork = from_timer(dwork, t, timer);

	insert(dwork->cpu, dwork->wq, &dwork->work);
}

static void start_delayed(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	WARN_ON_ONCE(dwork->timer.function != delayed_work_timer_fn);
	if (!delay) {
		insert(cpu, wq, &dwork->work);
		return;
	}
	dwork->wq = wq;
	dwork->cpu = cpu;
	dwork->timer.expires = jiffies + delay;
	add_timer(&dwork->timer);
}

FAITHFUL(queue_delayed_work_on);
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&dwork->work)))
		return false;
	start_delayed(cpu, wq, dwork, delay);
	return true;
}

/*
 * Takes an item back before it runs and leaves it idle. True: it was queued, or its timer armed. Another thread may be
 * between the PENDING bit and the queue: then this waits for it.
 */
static bool take_back(struct work_struct *work, struct delayed_work *dwork)
{
	bool found = false;

	while (work_pending(work)) {
		if (dwork && timer_delete(&dwork->timer)) {
			atomic_long_set_release(&work->data, WORK_STRUCT_NO_POOL);
			return true;
		}
		host_lock(&lock);
		if (on_list(work)) {
			remove(work);
			found = true;
		}
		host_unlock(&lock);
		if (found)
			return true;
		kshim_cpu_relax();
	}
	return false;
}

FAITHFUL(mod_delayed_work_on);
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	bool was = take_back(&dwork->work, dwork);

	if (!test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&dwork->work)))
		start_delayed(cpu, wq, dwork, delay);
	return was;
}

static void touch_lockdep(struct work_struct *work)
{
	lock_map_acquire(&work->lockdep_map);
	lock_map_release(&work->lockdep_map);
}

FAITHFUL(flush_work);
bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq;
	struct work_struct *w;

	might_sleep();
	if (WARN_ON(!work->func))
		return false;
	touch_lockdep(work);
	host_lock(&lock);
	while (on_list(work)) {
		wq = wq_of(work);
		w = work;
		if (is_ordered(wq)) {
			list_for_each_entry(w, &pending, entry)
				if (wq_of(w) == wq)
					break;
		}
		if (may_run(w)) {
			run_and_unlock(w);
			if (w == work)
				return true;
		} else {
			host_unlock(&lock);
			if (!wait_for_run(w))
				kshim_cpu_relax();
		}
		host_lock(&lock);
	}
	host_unlock(&lock);
	return wait_for_run(work);
}

FAITHFUL(flush_delayed_work);
bool flush_delayed_work(struct delayed_work *dwork)
{
	if (timer_delete_sync(&dwork->timer))
		insert(dwork->cpu, dwork->wq, &dwork->work);
	return flush_work(&dwork->work);
}

FAITHFUL(cancel_work);
bool cancel_work(struct work_struct *work)
{
	return take_back(work, NULL);
}

FAITHFUL(cancel_work_sync);
bool cancel_work_sync(struct work_struct *work)
{
	bool was = take_back(work, NULL);

	might_sleep();
	if (work->func)
		touch_lockdep(work);
	wait_for_run(work);
	return was;
}

FAITHFUL(cancel_delayed_work);
bool cancel_delayed_work(struct delayed_work *dwork)
{
	return take_back(&dwork->work, dwork);
}

FAITHFUL(cancel_delayed_work_sync);
bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was = take_back(&dwork->work, dwork);

	might_sleep();
	if (dwork->work.func)
		touch_lockdep(&dwork->work);
	wait_for_run(&dwork->work);
	return was;
}

FAITHFUL(current_work);
struct work_struct *current_work(void)
{
	struct work_struct *work = NULL;
	struct run *r;

	host_lock(&lock);
	list_for_each_entry(r, &running, node)
		if (r->task == current)
			work = r->work;
	host_unlock(&lock);
	return work;
}

/* Not under the lock. Runs or waits for what was there at the call. */
static void flush_all(struct workqueue_struct *wq)
{
	struct work_struct *work, *first;
	struct kshim_wait w;
	unsigned int n;

	host_lock(&lock);
	for (n = wq->nr_pending; n; n--) {
		first = NULL;
		list_for_each_entry(work, &pending, entry) {
			if (wq_of(work) == wq && may_run(work)) {
				first = work;
				break;
			}
		}
		if (!first)
			break;
		run_and_unlock(first);
		host_lock(&lock);
	}
	host_unlock(&lock);
	kshim_wait_begin(&w);
	kshim_spin_until("the items of a workqueue", wq, !READ_ONCE(wq->nr_running));
	kshim_wait_end(&w);
}

FAITHFUL(__flush_workqueue);
void __flush_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	lock_map_acquire(&wq->lockdep_map);
	lock_map_release(&wq->lockdep_map);
	flush_all(wq);
}

FAITHFUL(drain_workqueue);
void drain_workqueue(struct workqueue_struct *wq)
{
	do
		__flush_workqueue(wq);
	while (READ_ONCE(wq->nr_pending));
}

FAITHFUL(schedule_on_each_cpu);
int schedule_on_each_cpu(work_func_t func)
{
	struct work_struct __percpu *works = alloc_percpu(struct work_struct);
	int cpu;

	if (!works)
		return -ENOMEM;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		INIT_WORK(per_cpu_ptr(works, cpu), func);
		queue_work_on(cpu, system_percpu_wq, per_cpu_ptr(works, cpu));
	}
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(works, cpu));
	cpus_read_unlock();
	free_percpu(works);
	return 0;
}

FAITHFUL(__warn_flushing_systemwide_wq);
void __warn_flushing_systemwide_wq(void)
{
	pr_warn("WARNING: Flushing system-wide workqueues will be prohibited in near future.\n");
	dump_stack();
}

REDUCED(alloc_workqueue, "flags are remembered only; max_active 1 is honoured, other limits are not");
struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	va_list args;

	if (!wq)
		return NULL;
	va_start(args, max_active);
	vsnprintf(wq->name, sizeof(wq->name), fmt, args);
	va_end(args);
	wq->flags = flags;
	wq->max_active = max_active ?: WQ_DFL_ACTIVE;
	lockdep_register_key(&wq->key);
	lockdep_init_map(&wq->lockdep_map, wq->name, &wq->key, 0);
	host_lock(&lock);
	wq->number = ++last_number;
	list_add_tail(&wq->node, &wqs);
	host_unlock(&lock);
	return wq;
}

FAITHFUL(destroy_workqueue);
void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	host_lock(&lock);
	list_del(&wq->node);
	host_unlock(&lock);
	lockdep_unregister_key(&wq->key);
	kfree(wq);
}

int kshim_work_validate(void)
{
	struct workqueue_struct *wq;
	struct work_struct *work;
	unsigned int n;
	int bad = 0;

	host_lock(&lock);
	list_for_each_entry(work, &pending, entry)
		bad += !work_pending(work) || !wq_of(work) || !work->func;
	list_for_each_entry(wq, &wqs, node) {
		n = 0;
		list_for_each_entry(work, &pending, entry)
			n += wq_of(work) == wq;
		bad += n != wq->nr_pending || (is_ordered(wq) && wq->nr_running > 1);
	}
	host_unlock(&lock);
	if (bad)
		host_report(KVMSIM_CHECK, NULL, 0, "workqueues: %d items or queues are inconsistent", bad);
	return bad;
}

void kshim_workqueue_boot(void)
{
	struct worker *w[WORKERS];
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		w[i] = get_worker();
	while (i--)
		put_worker(w[i]);
	system_wq = alloc_workqueue("events", 0, 0);
	system_percpu_wq = alloc_workqueue("events", 0, 0);
	system_highpri_wq = alloc_workqueue("events_highpri", WQ_HIGHPRI, 0);
	system_long_wq = alloc_workqueue("events_long", 0, 0);
	system_unbound_wq = alloc_workqueue("events_unbound", WQ_UNBOUND, WQ_MAX_ACTIVE);
	system_dfl_wq = alloc_workqueue("events_unbound", WQ_UNBOUND, WQ_MAX_ACTIVE);
	system_freezable_wq = alloc_workqueue("events_freezable", WQ_FREEZABLE, 0);
	system_power_efficient_wq = alloc_workqueue("events_power_efficient", WQ_POWER_EFFICIENT, 0);
	mm_percpu_wq = alloc_workqueue("mm_percpu_wq", WQ_MEM_RECLAIM, 0);
	BUG_ON(!mm_percpu_wq);
	BUG_ON(!system_wq || !system_percpu_wq || !system_highpri_wq || !system_long_wq || !system_unbound_wq ||
	       !system_dfl_wq || !system_freezable_wq || !system_power_efficient_wq);
}
