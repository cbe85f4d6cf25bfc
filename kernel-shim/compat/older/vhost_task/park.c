// SPDX-License-Identifier: GPL-2.0-only
/* Parking of kthreads (kernel/kthread.c), with which KVM starts the thread of a VM. A parked one never continues. */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <kshim/form/vhost_task.h>
#include "../../../core/sched/internal.h"

#define CREATOR_STACK (64UL << 10)	/* bytes above the callee, where the creator's variables are */

static __thread void *creator[5];	/* where kthread_parkme() returns to, for __builtin_longjmp() */
static __thread bool starting;

void kshim_kthread_start(struct task_struct *t)
{
	struct kshim_task *k = kshim_task_of(t);
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	struct task_struct *volatile by = current;

	if ((unsigned long)k->threaddata - here >= CREATOR_STACK)
		return;
	WRITE_ONCE(t->__state, TASK_RUNNING);
	kshim_current = t;
	starting = true;
	if (!__builtin_setjmp(creator))
		k->threadfn(k->threaddata);
	starting = false;
	if (t->lockdep_depth)
		host_report(KVMSIM_WARN, NULL, 0, "kthread %s parks or ends with %d locks held", t->comm,
			    t->lockdep_depth);
	kshim_current = by;
	WRITE_ONCE(t->__state, TASK_UNINTERRUPTIBLE);
}

REDUCED(kthread_park, "kernel/kthread.c",
	"nothing to ask for: a thread that gets as far as kthread_parkme() stays there");
int kthread_park(struct task_struct *k)
{
	return 0;
}

REDUCED(kthread_unpark, "kernel/kthread.c", "a parked thread never goes on");
void kthread_unpark(struct task_struct *k)
{
}

REDUCED(kthread_parkme, "kernel/kthread.c", "never returns: the thread's creator goes on");
void kthread_parkme(void)
{
	if (!starting)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "kthread_parkme() by %s, which is not being started",
			   current->comm);
	__builtin_longjmp(creator, 1);
}
