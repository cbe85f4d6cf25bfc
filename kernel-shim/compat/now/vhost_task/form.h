/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's own thread is a vhost_task; nobody waits for a kthread to begin. */
#ifndef KSHIM_FORM_VHOST_TASK_H
#define KSHIM_FORM_VHOST_TASK_H

#include <linux/types.h>

struct task_struct;

/* Kthreads never run (core/sched/kthread.c). */
static inline struct task_struct *kshim_kthread_start(struct task_struct *t)
{
	return t;
}

static inline bool kshim_kthread_stop(struct task_struct *k, int *result)
{
	return false;
}

static inline bool kshim_kthread_should_stop(void)
{
	return false;
}

#endif
