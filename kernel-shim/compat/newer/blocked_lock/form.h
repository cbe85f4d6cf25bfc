/* SPDX-License-Identifier: GPL-2.0-only */
/* A lock guards what a task is blocked on. */
#ifndef KSHIM_FORM_BLOCKED_LOCK_H
#define KSHIM_FORM_BLOCKED_LOCK_H

static inline void kshim_init_blocked_lock(struct task_struct *t)
{
	raw_spin_lock_init(&t->blocked_lock);
}

#endif
