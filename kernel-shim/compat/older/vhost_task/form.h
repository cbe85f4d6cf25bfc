/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's own thread was a kthread, whose creator waits until it has reached kthread_parkme(). */
#ifndef KSHIM_FORM_VHOST_TASK_H
#define KSHIM_FORM_VHOST_TASK_H

struct task_struct;

/*
 * Runs the new kthread t up to there, in its creator's place, if its data are on the creator's stack: then the creator
 * waits for it. Any other kthread never runs (core/sched/kthread.c).
 */
void kshim_kthread_start(struct task_struct *t);

#endif
