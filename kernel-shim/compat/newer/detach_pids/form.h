/* SPDX-License-Identifier: GPL-2.0-only */
/* Pids without users are freed after the lock is released. Each name space has its limit. */
#ifndef KSHIM_FORM_DETACH_PIDS_H
#define KSHIM_FORM_DETACH_PIDS_H

#include <linux/pid.h>
#include <linux/pid_namespace.h>

struct kshim_pids {
	struct pid *free[PIDTYPE_MAX];
};

static inline void kshim_detach_pid(struct kshim_pids *pids, struct task_struct *t, enum pid_type type)
{
	detach_pid(pids->free, t, type);
}

/* Frees what kshim_detach_pid() has left without users. */
static inline void kshim_free_pids(struct kshim_pids *pids)
{
	free_pids(pids->free);
}

static inline void kshim_set_pid_max(int max)
{
	init_pid_ns.pid_max = max;
}

#endif
