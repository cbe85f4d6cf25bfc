/* SPDX-License-Identifier: GPL-2.0-only */
/* A pid without users is freed at once. There is one limit for pids. */
#ifndef KSHIM_FORM_DETACH_PIDS_H
#define KSHIM_FORM_DETACH_PIDS_H

#include <linux/pid.h>
#include <linux/threads.h>

struct kshim_pids {
};

static inline void kshim_detach_pid(struct kshim_pids *pids, struct task_struct *t, enum pid_type type)
{
	detach_pid(t, type);
}

/* Frees what kshim_detach_pid() has left without users. */
static inline void kshim_free_pids(struct kshim_pids *pids)
{
}

static inline void kshim_set_pid_max(int max)
{
	pid_max = max;
}

#endif
