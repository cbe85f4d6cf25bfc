// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost_task (kernel/vhost_task.c), with which KVM starts the thread of a VM: a work item that runs as long as its
 * function has something to do, and again when it is woken. As on a thread of its own, the function may sleep.
 *
 * Invariants: the item is neither queued nor running once vhost_task_stop() has returned; runner is the task that is in
 * fn now, or NULL.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/vhost_task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "../../../core/sched/internal.h"

struct vhost_task {
	struct work_struct work;
	bool (*fn)(void *data);
	void *data;
	raw_spinlock_t lock;		/* runner */
	struct task_struct *runner;
	bool stopped;
};

static void set_runner(struct vhost_task *vtsk, struct task_struct *runner)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vtsk->lock, flags);
	vtsk->runner = runner;
	raw_spin_unlock_irqrestore(&vtsk->lock, flags);
}

/* One round of vhost_task_fn(). */
static void run_once(struct work_struct *work)
{
	struct vhost_task *vtsk = container_of(work, struct vhost_task, work);
	bool did_work;

	set_runner(vtsk, current);
	/* As in the kernel, fn is called in this state, so that a wake-up from here on ends its sleep. */
	set_current_state(TASK_INTERRUPTIBLE);
	/* Pairs with the release in vhost_task_stop(). */
	did_work = !smp_load_acquire(&vtsk->stopped) && vtsk->fn(vtsk->data);
	__set_current_state(TASK_RUNNING);
	set_runner(vtsk, NULL);
	if (did_work && !smp_load_acquire(&vtsk->stopped))
		queue_work(system_unbound_wq, &vtsk->work);
}

REDUCED(vhost_task_create, "kernel/vhost_task.c",
	"a kworker of no process runs it; no signal reaches it, and handle_sigkill is never called");
struct vhost_task *vhost_task_create(bool (*fn)(void *), void (*handle_sigkill)(void *), void *arg, const char *name)
{
	struct vhost_task *vtsk = kzalloc(sizeof(*vtsk), GFP_KERNEL);

	if (!vtsk)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&vtsk->work, run_once);
	raw_spin_lock_init(&vtsk->lock);
	vtsk->fn = fn;
	vtsk->data = arg;
	return vtsk;
}

FAITHFUL(vhost_task_start, "kernel/vhost_task.c");
void vhost_task_start(struct vhost_task *vtsk)
{
	queue_work(system_unbound_wq, &vtsk->work);
}

FAITHFUL(vhost_task_wake, "kernel/vhost_task.c");
void vhost_task_wake(struct vhost_task *vtsk)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vtsk->lock, flags);
	if (vtsk->runner)
		wake_up_process(vtsk->runner);
	raw_spin_unlock_irqrestore(&vtsk->lock, flags);
	/* If fn is about to return false, it runs once more. */
	if (!READ_ONCE(vtsk->stopped))
		queue_work(system_unbound_wq, &vtsk->work);
}

FAITHFUL(vhost_task_stop, "kernel/vhost_task.c");
void vhost_task_stop(struct vhost_task *vtsk)
{
	/* Pairs with the acquires in run_once(). */
	smp_store_release(&vtsk->stopped, true);
	vhost_task_wake(vtsk);
	/* The second call takes back what a round that had not seen the flag has queued. */
	cancel_work_sync(&vtsk->work);
	cancel_work_sync(&vtsk->work);
	kfree(vtsk);
}
