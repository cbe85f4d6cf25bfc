// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads (kernel/kthread.c). They never run by themselves: each is a task without a native thread. Scenarios
 * start what khugepaged, ksmd and kswapd do, through events and their own entry points.
 * Workers (kthread_worker) run their items where a workqueue does. KVM's own threads are in compat/<form>/vhost_task.
 */
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <kshim/form/vhost_task.h>
#include "internal.h"

static unsigned int last_pid = 1 << 24;	/* above every process and thread */

struct task_struct *kshim_kthread_new(int (*threadfn)(void *data), void *data, const char *fmt, va_list args)
{
	char name[TASK_COMM_LEN];
	struct task_struct *t;

	vsnprintf(name, sizeof(name), fmt, args);
	t = kshim_task_new(name, __atomic_add_fetch(&last_pid, 1, __ATOMIC_RELAXED), PF_KTHREAD);
	if (!t)
		return ERR_PTR(-ENOMEM);
	kshim_task_of(t)->no_thread = true;
	kshim_task_of(t)->threadfn = threadfn;
	kshim_task_of(t)->threaddata = data;
	WRITE_ONCE(t->__state, TASK_UNINTERRUPTIBLE);
	return t;
}

REDUCED(kthread_create_on_node, "kernel/kthread.c kernel/kthread.c:__kthread_create_on_node", "the thread never runs");
__printf(4, 5) struct task_struct *kthread_create_on_node(int (*threadfn)(void *data), void *data, int node,
							  const char namefmt[], ...)
{
	struct task_struct *t;
	va_list args;

	va_start(args, namefmt);
	t = kshim_kthread_new(threadfn, data, namefmt, args);
	va_end(args);
	return IS_ERR(t) ? t : kshim_kthread_start(t);
}

REDUCED(kthread_stop, "kernel/kthread.c", "the thread never ran: the result is -EINTR, as of one that never started");
int kthread_stop(struct task_struct *k)
{
	int result = -EINTR;

	if (!kshim_kthread_stop(k, &result))
		kshim_task_destroy(k);
	return result;
}

REDUCED(kthread_stop_put, "kernel/kthread.c", "like kthread_stop()");
int kthread_stop_put(struct task_struct *k)
{
	put_task_struct(k);
	return kthread_stop(k);
}

REDUCED(kthread_should_stop, "kernel/kthread.c",
	"false: asked on behalf of a thread that does not run, nobody wants it to stop");
bool kthread_should_stop(void)
{
	return kshim_kthread_should_stop();
}

REDUCED(kthread_should_park, "kernel/kthread.c", "false");
bool kthread_should_park(void)
{
	return false;
}

REDUCED(kthread_should_stop_or_park, "kernel/kthread.c", "false");
bool kthread_should_stop_or_park(void)
{
	return false;
}

REDUCED(kthread_freezable_should_stop, "kernel/kthread.c", "false");
bool kthread_freezable_should_stop(bool *was_frozen)
{
	if (was_frozen)
		*was_frozen = false;
	return false;
}

FAITHFUL(kthread_func, "kernel/kthread.c");
void *kthread_func(struct task_struct *task)
{
	return task->flags & PF_KTHREAD ? kshim_task_of(task)->threadfn : NULL;
}

FAITHFUL(kthread_data, "kernel/kthread.c");
void *kthread_data(struct task_struct *task)
{
	return kshim_task_of(task)->threaddata;
}

FAITHFUL(kthread_probe_data, "kernel/kthread.c");
void *kthread_probe_data(struct task_struct *task)
{
	return task->flags & PF_KTHREAD ? kshim_task_of(task)->threaddata : NULL;
}

REDUCED(kthread_bind, "kernel/kthread.c kernel/kthread.c:__kthread_bind", "the thread never runs");
void kthread_bind(struct task_struct *p, unsigned int cpu)
{
}

REDUCED(kthread_bind_mask, "kernel/kthread.c", "the thread never runs");
void kthread_bind_mask(struct task_struct *p, const struct cpumask *mask)
{
}

/* --- kthread_worker --- */

struct worker {
	struct kthread_worker w;
	struct workqueue_struct *wq;
	struct work_struct work;
};

static void drain(struct worker *k)
{
	struct kthread_work *work;

	raw_spin_lock_irq(&k->w.lock);
	while ((work = list_first_entry_or_null(&k->w.work_list, struct kthread_work, node))) {
		list_del_init(&work->node);
		k->w.current_work = work;
		raw_spin_unlock_irq(&k->w.lock);
		work->func(work);
		raw_spin_lock_irq(&k->w.lock);
		k->w.current_work = NULL;
	}
	raw_spin_unlock_irq(&k->w.lock);
}

static void run_worker(struct work_struct *work)
{
	drain(container_of(work, struct worker, work));
}

FAITHFUL(__kthread_init_worker, "kernel/kthread.c");
void __kthread_init_worker(struct kthread_worker *worker, const char *name, struct lock_class_key *key)
{
	memset(worker, 0, sizeof(*worker));
	raw_spin_lock_init(&worker->lock);
	lockdep_set_class_and_name(&worker->lock, key, name);
	INIT_LIST_HEAD(&worker->work_list);
	INIT_LIST_HEAD(&worker->delayed_work_list);
}

/* The kernel's kthread_create_worker(), whose definition is in compat/<form>/kthread_worker_node. */
struct kthread_worker *kshim_kthread_worker(unsigned int flags, const char *namefmt, va_list args)
{
	struct worker *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct task_struct *t;

	if (!k)
		return ERR_PTR(-ENOMEM);
	kthread_init_worker(&k->w);
	t = kshim_kthread_new(NULL, NULL, namefmt, args);
	k->wq = alloc_ordered_workqueue("kthread_worker", 0);
	if (IS_ERR(t) || !k->wq) {
		if (!IS_ERR(t))
			kshim_task_destroy(t);
		if (k->wq)
			destroy_workqueue(k->wq);
		kfree(k);
		return ERR_PTR(-ENOMEM);
	}
	k->w.flags = flags;
	k->w.task = t;
	INIT_WORK(&k->work, run_worker);
	return &k->w;
}

FAITHFUL(kthread_queue_work, "kernel/kthread.c kernel/kthread.c:kthread_insert_work");
bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work)
{
	struct worker *k = container_of(worker, struct worker, w);
	unsigned long flags;
	bool queued = false;

	raw_spin_lock_irqsave(&worker->lock, flags);
	if (list_empty(&work->node) && !work->canceling) {
		work->worker = worker;
		list_add_tail(&work->node, &worker->work_list);
		queued = true;
	}
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	if (queued)
		queue_work(k->wq, &k->work);
	return queued;
}

FAITHFUL(kthread_flush_work, "kernel/kthread.c");
void kthread_flush_work(struct kthread_work *work)
{
	if (work->worker)
		flush_work(&container_of(work->worker, struct worker, w)->work);
}

FAITHFUL(kthread_flush_worker, "kernel/kthread.c");
void kthread_flush_worker(struct kthread_worker *worker)
{
	flush_work(&container_of(worker, struct worker, w)->work);
}

FAITHFUL(kthread_cancel_work_sync, "kernel/kthread.c kernel/kthread.c:__kthread_cancel_work_sync");
bool kthread_cancel_work_sync(struct kthread_work *work)
{
	struct kthread_worker *worker = work->worker;
	bool was;

	if (!worker)
		return false;
	raw_spin_lock_irq(&worker->lock);
	was = !list_empty(&work->node);
	list_del_init(&work->node);
	raw_spin_unlock_irq(&worker->lock);
	kthread_flush_worker(worker);
	return was;
}

FAITHFUL(kthread_destroy_worker, "kernel/kthread.c");
void kthread_destroy_worker(struct kthread_worker *worker)
{
	struct worker *k = container_of(worker, struct worker, w);

	destroy_workqueue(k->wq);
	WARN_ON(!list_empty(&worker->work_list));
	kshim_task_destroy(worker->task);
	kfree(k);
}
