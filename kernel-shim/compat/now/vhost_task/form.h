/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's own thread is a vhost_task; nobody waits for a kthread to begin. */
#ifndef KSHIM_FORM_VHOST_TASK_H
#define KSHIM_FORM_VHOST_TASK_H

struct task_struct;

/* Kthreads never run (core/sched/kthread.c). */
static inline void kshim_kthread_start(struct task_struct *t)
{
}

#endif
