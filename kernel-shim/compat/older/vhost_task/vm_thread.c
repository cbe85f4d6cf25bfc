// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kthreads that run (kernel/kthread.c): those with which KVM starts the thread of a VM. Each is a work item that sleeps
 * as its function does, and its task is the kworker's.
 *
 * Invariant: a thread is on the list from its creation to kthread_stop(), and task is the kworker that runs it.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <kshim/form/vhost_task.h>
#include "../../../core/sched/internal.h"

#define CREATOR_STACK (64UL << 10)	/* bytes above the callee, where the creator's variables are */

struct vm_thread {
	struct list_head node;
	struct work_struct work;
	struct completion created;
	struct task_struct *task;
	int (*fn)(void *data);
	void *data;
	char comm[TASK_COMM_LEN];
	bool should_park, should_stop;
	int result;
};

static LIST_HEAD(threads);
static struct host_lock threads_lock;
static __thread struct vm_thread *self;	/* which runs on this native thread */

static struct vm_thread *find(struct task_struct *task)
{
	struct vm_thread *t, *found = NULL;

	host_lock(&threads_lock);
	list_for_each_entry(t, &threads, node)
		if (t->task == task)
			found = t;
	host_unlock(&threads_lock);
	return found;
}

/* kthread(): the new thread sleeps until somebody wakes it for the first time. */
static void run(struct work_struct *work)
{
	struct vm_thread *t = container_of(work, struct vm_thread, work);
	char comm[TASK_COMM_LEN];

	memcpy(comm, current->comm, sizeof(comm));
	memcpy(current->comm, t->comm, sizeof(comm));
	self = t;
	t->task = current;
	set_current_state(TASK_UNINTERRUPTIBLE);
	complete(&t->created);
	schedule();
	/* Pairs with the release in kshim_kthread_stop(). */
	t->result = smp_load_acquire(&t->should_stop) ? -EINTR : t->fn(t->data);
	self = NULL;
	memcpy(current->comm, comm, sizeof(comm));
}

struct task_struct *kshim_kthread_start(struct task_struct *task)
{
	struct kshim_task *k = kshim_task_of(task);
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	struct vm_thread *t;

	if ((unsigned long)k->threaddata - here >= CREATOR_STACK)
		return task;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (t) {
		INIT_WORK(&t->work, run);
		init_completion(&t->created);
		t->fn = k->threadfn;
		t->data = k->threaddata;
		memcpy(t->comm, task->comm, sizeof(t->comm));
	}
	kshim_task_destroy(task);
	if (!t)
		return ERR_PTR(-ENOMEM);
	queue_work(system_unbound_wq, &t->work);
	wait_for_completion(&t->created);
	host_lock(&threads_lock);
	list_add(&t->node, &threads);
	host_unlock(&threads_lock);
	return t->task;
}

bool kshim_kthread_stop(struct task_struct *task, int *result)
{
	struct vm_thread *t = find(task);

	if (!t)
		return false;
	/* Pairs with the acquires in run() and kshim_kthread_should_stop(). */
	smp_store_release(&t->should_stop, true);
	kthread_unpark(task);
	wake_up_process(task);
	flush_work(&t->work);
	host_lock(&threads_lock);
	list_del(&t->node);
	host_unlock(&threads_lock);
	*result = t->result;
	kfree(t);
	return true;
}

bool kshim_kthread_should_stop(void)
{
	/* Pairs with the release in kshim_kthread_stop(). */
	return self && smp_load_acquire(&self->should_stop);
}

REDUCED(kthread_park, "kernel/kthread.c", "only of a thread that runs, for itself");
int kthread_park(struct task_struct *k)
{
	if (!self || k != current)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "kthread_park() of %s by %s", k->comm, current->comm);
	WRITE_ONCE(self->should_park, true);
	return 0;
}

FAITHFUL(kthread_unpark, "kernel/kthread.c");
void kthread_unpark(struct task_struct *k)
{
	struct vm_thread *t = find(k);

	if (!t)
		return;
	WRITE_ONCE(t->should_park, false);
	wake_up_state(k, TASK_PARKED);
}

FAITHFUL(kthread_parkme, "kernel/kthread.c kernel/kthread.c:__kthread_parkme");
void kthread_parkme(void)
{
	if (!self)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "kthread_parkme() by %s, which does not run", current->comm);
	for (;;) {
		set_special_state(TASK_PARKED);
		if (!READ_ONCE(self->should_park))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}
