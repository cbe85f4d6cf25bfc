/* SPDX-License-Identifier: GPL-2.0-only */
/* What a task is blocked on is changed without a lock of its own. */
#ifndef KSHIM_FORM_BLOCKED_LOCK_H
#define KSHIM_FORM_BLOCKED_LOCK_H

static inline void kshim_init_blocked_lock(struct task_struct *t)
{
}

#endif
