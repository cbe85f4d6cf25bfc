/* SPDX-License-Identifier: GPL-2.0-only */
/* The credentials of init are static; init_task has them. */
#ifndef KSHIM_FORM_INIT_CRED_H
#define KSHIM_FORM_INIT_CRED_H

#include <linux/cred.h>
#include <linux/sched/task.h>

static inline const struct cred *kshim_init_cred(void)
{
	return rcu_dereference_raw(init_task.cred);
}

#endif
