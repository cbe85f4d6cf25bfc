// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues and the items that wait to run (kernel/workqueue.c). work_run.c runs them.
 *
 * Invariants: a work item is on kshim_work_items if and only if its PENDING bit is set and no timer of it is armed
 * (except for a moment in between); data then holds workqueue number and CPU.
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
#include "workqueue.h"

#define CPU_SHIFT 8	/* in data of a pending item: CPU, */
#define WQ_SHIFT 16	/* and number of the workqueue */

LIST_HEAD(kshim_work_items);
struct host_lock kshim_work_lock;
static LIST_HEAD(wqs);
static unsigned long last_number;	/* of a workqueue */

FAITHFUL(system_wq, "kernel/workqueue.c");
struct workqueue_struct *system_wq;
FAITHFUL(system_percpu_wq, "kernel/workqueue.c");
struct workqueue_struct *system_percpu_wq;
FAITHFUL(system_highpri_wq, "kernel/workqueue.c");
struct workqueue_struct *system_highpri_wq;
FAITHFUL(system_long_wq, "kernel/workqueue.c");
struct workqueue_struct *system_long_wq;
FAITHFUL(system_unbound_wq, "kernel/workqueue.c");
struct workqueue_struct *system_unbound_wq;
FAITHFUL(system_dfl_wq, "kernel/workqueue.c");
struct workqueue_struct *system_dfl_wq;
FAITHFUL(system_freezable_wq, "kernel/workqueue.c");
struct workqueue_struct *system_freezable_wq;
FAITHFUL(system_power_efficient_wq, "kernel/workqueue.c");
struct workqueue_struct *system_power_efficient_wq;

FAITHFUL(mm_percpu_wq, "mm/vmstat.c");
struct workqueue_struct *mm_percpu_wq;

/* --- queueing; all static functions here are called with the lock held unless they say otherwise --- */

struct workqueue_struct *kshim_wq_of(struct work_struct *work)
{
	unsigned long number = atomic_long_read(&work->data) >> WQ_SHIFT;
	struct workqueue_struct *wq;

	list_for_each_entry(wq, &wqs, node)
		if (wq->number == number)
			return wq;
	return NULL;
}

unsigned int kshim_work_cpu(struct work_struct *work)
{
	return atomic_long_read(&work->data) >> CPU_SHIFT & 0xff;
}

/* The caller has set the PENDING bit. Called without the lock. */
static void insert(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (cpu == WORK_CPU_UNBOUND)
		cpu = raw_smp_processor_id();
	host_lock(&kshim_work_lock);
	WARN_ON_ONCE(!list_empty(&work->entry));
	atomic_long_set(&work->data, WORK_STRUCT_PENDING | (unsigned long)cpu << CPU_SHIFT | wq->number << WQ_SHIFT);
	list_add_tail(&work->entry, &kshim_work_items);
	wq->nr_pending++;
	host_unlock(&kshim_work_lock);
}

void kshim_work_unqueue(struct work_struct *work)
{
	kshim_wq_of(work)->nr_pending--;
	list_del_init(&work->entry);
	/* Here and in take_back(): pairs with test_and_set_bit() where an item is queued. */
	atomic_long_set_release(&work->data, WORK_STRUCT_NO_POOL);
}

bool kshim_work_queued(struct work_struct *work)
{
	return work_pending(work) && !list_empty(&work->entry);
}

/* --- the interface --- */

FAITHFUL(queue_work_on, "kernel/workqueue.c kernel/workqueue.c:__queue_work");
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return false;
	insert(cpu, wq, work);
	return true;
}

FAITHFUL(delayed_work_timer_fn, "kernel/workqueue.c");
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

FAITHFUL(queue_delayed_work_on, "kernel/workqueue.c kernel/workqueue.c:__queue_delayed_work");
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&dwork->work)))
		return false;
	start_delayed(cpu, wq, dwork, delay);
	return true;
}

/*
 * Takes an item back before it runs and leaves it idle. Returns true if it was queued or its timer was armed. Another
 * thread may be between the PENDING bit and the queue; then this waits for it.
 */
static bool take_back(struct work_struct *work, struct delayed_work *dwork)
{
	bool found = false;

	while (work_pending(work)) {
		if (dwork && timer_delete(&dwork->timer)) {
			atomic_long_set_release(&work->data, WORK_STRUCT_NO_POOL);
			return true;
		}
		host_lock(&kshim_work_lock);
		if (kshim_work_queued(work)) {
			kshim_work_unqueue(work);
			found = true;
		}
		host_unlock(&kshim_work_lock);
		if (found)
			return true;
		kshim_cpu_relax();
	}
	return false;
}

FAITHFUL(mod_delayed_work_on, "kernel/workqueue.c kernel/workqueue.c:work_grab_pending");
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	bool was = take_back(&dwork->work, dwork);

	if (!test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&dwork->work)))
		start_delayed(cpu, wq, dwork, delay);
	return was;
}

FAITHFUL(flush_delayed_work, "kernel/workqueue.c");
bool flush_delayed_work(struct delayed_work *dwork)
{
	if (timer_delete_sync(&dwork->timer))
		insert(dwork->cpu, dwork->wq, &dwork->work);
	return flush_work(&dwork->work);
}

FAITHFUL(cancel_work, "kernel/workqueue.c kernel/workqueue.c:__cancel_work");
bool cancel_work(struct work_struct *work)
{
	return take_back(work, NULL);
}

FAITHFUL(cancel_work_sync, "kernel/workqueue.c kernel/workqueue.c:__cancel_work_sync");
bool cancel_work_sync(struct work_struct *work)
{
	bool was = take_back(work, NULL);

	might_sleep();
	if (work->func)
		kshim_work_touch_lockdep(work);
	kshim_work_wait(work);
	return was;
}

FAITHFUL(cancel_delayed_work, "kernel/workqueue.c kernel/workqueue.c:__cancel_work");
bool cancel_delayed_work(struct delayed_work *dwork)
{
	return take_back(&dwork->work, dwork);
}

FAITHFUL(cancel_delayed_work_sync, "kernel/workqueue.c kernel/workqueue.c:__cancel_work_sync");
bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was = take_back(&dwork->work, dwork);

	might_sleep();
	if (dwork->work.func)
		kshim_work_touch_lockdep(&dwork->work);
	kshim_work_wait(&dwork->work);
	return was;
}

FAITHFUL(drain_workqueue, "kernel/workqueue.c");
void drain_workqueue(struct workqueue_struct *wq)
{
	do
		__flush_workqueue(wq);
	while (READ_ONCE(wq->nr_pending));
}

FAITHFUL(schedule_on_each_cpu, "kernel/workqueue.c");
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

FAITHFUL(__warn_flushing_systemwide_wq, "kernel/workqueue.c");
void __warn_flushing_systemwide_wq(void)
{
	pr_warn("WARNING: Flushing system-wide workqueues will be prohibited in near future.\n");
	dump_stack();
}

/* The kernel's alloc_workqueue(), whose definition is in compat/<form>/workqueue_noprof. */
struct workqueue_struct *kshim_alloc_workqueue(const char *fmt, unsigned int flags, int max_active, va_list args)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	if (!wq)
		return NULL;
	vsnprintf(wq->name, sizeof(wq->name), fmt, args);
	wq->flags = flags;
	wq->max_active = max_active ?: WQ_DFL_ACTIVE;
	lockdep_register_key(&wq->key);
	lockdep_init_map(&wq->lockdep_map, wq->name, &wq->key, 0);
	host_lock(&kshim_work_lock);
	wq->number = ++last_number;
	list_add_tail(&wq->node, &wqs);
	host_unlock(&kshim_work_lock);
	return wq;
}

FAITHFUL(destroy_workqueue, "kernel/workqueue.c");
void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	host_lock(&kshim_work_lock);
	list_del(&wq->node);
	host_unlock(&kshim_work_lock);
	lockdep_unregister_key(&wq->key);
	kfree(wq);
}

static int validate(void)
{
	struct workqueue_struct *wq;
	struct work_struct *work;
	unsigned int n;
	int bad = 0;

	host_lock(&kshim_work_lock);
	list_for_each_entry(work, &kshim_work_items, entry)
		bad += !work_pending(work) || !kshim_wq_of(work) || !work->func;
	list_for_each_entry(wq, &wqs, node) {
		n = 0;
		list_for_each_entry(work, &kshim_work_items, entry)
			n += kshim_wq_of(work) == wq;
		bad += n != wq->nr_pending || (kshim_wq_is_ordered(wq) && wq->nr_running > 1);
	}
	host_unlock(&kshim_work_lock);
	if (bad)
		host_check("scheduling", "workqueues: %d items or queues are inconsistent", bad);
	return bad;
}

void kshim_workqueue_boot(void)
{
	static const struct {
		struct workqueue_struct **wq;
		const char *name;
		unsigned int flags;
	} system_queues[] = {
		{ &system_wq, "events" },
		{ &system_percpu_wq, "events" },
		{ &system_highpri_wq, "events_highpri", WQ_HIGHPRI },
		{ &system_long_wq, "events_long" },
		{ &system_unbound_wq, "events_unbound", WQ_UNBOUND },
		{ &system_dfl_wq, "events_unbound", WQ_UNBOUND },
		{ &system_freezable_wq, "events_freezable", WQ_FREEZABLE },
		{ &system_power_efficient_wq, "events_power_efficient", WQ_POWER_EFFICIENT },
		{ &mm_percpu_wq, "mm_percpu_wq", WQ_MEM_RECLAIM },
	};
	static const struct kshim_idle_source source = {
		.name = "work items", .run = kshim_work_run_one, .pending = kshim_work_pending, .validate = validate,
	};
	unsigned int i;

	kshim_idle_register(&source);
	kshim_work_run_boot();
	for (i = 0; i < ARRAY_SIZE(system_queues); i++) {
		*system_queues[i].wq = alloc_workqueue("%s", system_queues[i].flags, 0, system_queues[i].name);
		BUG_ON(!*system_queues[i].wq);
	}
}
