// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping for a time (kernel/time/{timer,hrtimer}.c): a timer wakes the task. */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>
#include <kshim/form/hrtimer_setup.h>
#include "internal.h"

struct sleeper {
	struct timer_list timer;
	struct task_struct *task;
};

static void wake_sleeper(struct timer_list *t)
{
	struct sleeper *s = from_timer(s, t, timer);

	wake_up_process(s->task);
}

FAITHFUL(schedule_timeout, "kernel/time/timer.c");
signed long schedule_timeout(signed long timeout)
{
	struct sleeper s = { .task = current };
	unsigned long expire;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	if (timeout < 0) {
		pr_err("schedule_timeout: wrong timeout value %lx\n", timeout);
		dump_stack();
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	expire = timeout + jiffies;
	timer_setup_on_stack(&s.timer, wake_sleeper, 0);
	mod_timer(&s.timer, expire);
	schedule();
	timer_delete_sync(&s.timer);
	destroy_timer_on_stack(&s.timer);
	timeout = expire - jiffies;
	return timeout < 0 ? 0 : timeout;
}

FAITHFUL(schedule_timeout_interruptible, "kernel/time/timer.c");
signed long schedule_timeout_interruptible(signed long timeout)
{
	__set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

FAITHFUL(schedule_timeout_killable, "kernel/time/timer.c");
signed long schedule_timeout_killable(signed long timeout)
{
	__set_current_state(TASK_KILLABLE);
	return schedule_timeout(timeout);
}

FAITHFUL(schedule_timeout_uninterruptible, "kernel/time/timer.c");
signed long schedule_timeout_uninterruptible(signed long timeout)
{
	__set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

FAITHFUL(schedule_timeout_idle, "kernel/time/timer.c");
signed long schedule_timeout_idle(signed long timeout)
{
	__set_current_state(TASK_IDLE);
	return schedule_timeout(timeout);
}

FAITHFUL(msleep, "kernel/time/timer.c");
void msleep(unsigned int msecs)
{
	unsigned long timeout = msecs_to_jiffies(msecs);

	while (timeout)
		timeout = schedule_timeout_uninterruptible(timeout);
}

FAITHFUL(msleep_interruptible, "kernel/time/timer.c");
unsigned long msleep_interruptible(unsigned int msecs)
{
	unsigned long timeout = msecs_to_jiffies(msecs);

	while (timeout && !signal_pending(current))
		timeout = schedule_timeout_interruptible(timeout);
	return jiffies_to_msecs(timeout);
}

struct hr_sleeper {
	struct hrtimer timer;
	struct task_struct *task;
};

static enum hrtimer_restart wake_hr_sleeper(struct hrtimer *timer)
{
	struct hr_sleeper *s = container_of(timer, struct hr_sleeper, timer);
	struct task_struct *task = s->task;

	WRITE_ONCE(s->task, NULL);
	wake_up_process(task);
	return HRTIMER_NORESTART;
}

FAITHFUL(usleep_range_state, "kernel/time/timer.c");
void usleep_range_state(unsigned long min, unsigned long max, unsigned int state)
{
	struct hr_sleeper s = { .task = current };

	kshim_hrtimer_setup_on_stack(&s.timer, wake_hr_sleeper, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&s.timer, ns_to_ktime((u64)min * NSEC_PER_USEC), HRTIMER_MODE_REL);
	for (;;) {
		__set_current_state(state);
		if (!READ_ONCE(s.task))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	hrtimer_cancel(&s.timer);
	destroy_hrtimer_on_stack(&s.timer);
}
