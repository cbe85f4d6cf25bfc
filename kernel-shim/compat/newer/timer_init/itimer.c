// SPDX-License-Identifier: GPL-2.0-only
/* What a task does that gets SIGALRM (kernel/time/itimer.c); earlier kernels do it in dequeue_signal(). */
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <kshim/marks.h>

INERT(posixtimer_rearm_itimer, "kernel/time/itimer.c", "no process has an interval timer");
void posixtimer_rearm_itimer(struct task_struct *tsk)
{
	WARN_ON_ONCE(tsk->signal->it_real_incr);
}
