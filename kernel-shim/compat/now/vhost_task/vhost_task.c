// SPDX-License-Identifier: GPL-2.0-only
/* vhost_task (kernel/vhost_task.c), with which KVM starts the thread of a VM: a task that never runs. */
#include <linux/err.h>
#include <linux/sched/vhost_task.h>
#include <linux/slab.h>
#include "../../../core/sched/internal.h"

struct vhost_task {
	struct task_struct *task;
};

static __printf(1, 2) struct task_struct *new_plain(const char *fmt, ...)
{
	struct task_struct *t;
	va_list args;

	va_start(args, fmt);
	t = kshim_kthread_new(NULL, NULL, fmt, args);
	va_end(args);
	return t;
}

REDUCED(vhost_task_create, "kernel/vhost_task.c",
	"the task never runs: KVM's recovery of NX huge pages does not happen by itself");
struct vhost_task *vhost_task_create(bool (*fn)(void *), void (*handle_sigkill)(void *), void *arg, const char *name)
{
	struct vhost_task *vtsk = kzalloc(sizeof(*vtsk), GFP_KERNEL);

	if (!vtsk)
		return ERR_PTR(-ENOMEM);
	vtsk->task = new_plain("%s", name);
	if (IS_ERR(vtsk->task)) {
		kfree(vtsk);
		return ERR_PTR(-ENOMEM);
	}
	return vtsk;
}

INERT_VOID(vhost_task_start, "kernel/vhost_task.c", "the task never runs");
INERT_VOID(vhost_task_wake, "kernel/vhost_task.c", "the task never runs");

FAITHFUL(vhost_task_stop, "kernel/vhost_task.c");
void vhost_task_stop(struct vhost_task *vtsk)
{
	kshim_task_destroy(vtsk->task);
	kfree(vtsk);
}
