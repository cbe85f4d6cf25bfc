/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's own thread was a kthread, whose creator waits until it has reached kthread_parkme(). */
#ifndef KSHIM_FORM_VHOST_TASK_H
#define KSHIM_FORM_VHOST_TASK_H

#include <linux/types.h>

struct task_struct;

/*
 * Starts the new kthread t if its data are on the creator's stack: then the creator waits for it. Returns the task that
 * runs in place of t, which is gone then, or ERR_PTR(-ENOMEM). Any other kthread never runs (core/sched/kthread.c), and
 * t is returned.
 */
struct task_struct *kshim_kthread_start(struct task_struct *t);
/* kthread_stop(): returns whether k is one of those that run. Then it has ended now, with *result. */
bool kshim_kthread_stop(struct task_struct *k, int *result);
/* kthread_should_stop() for the current task. */
bool kshim_kthread_should_stop(void);

#endif
