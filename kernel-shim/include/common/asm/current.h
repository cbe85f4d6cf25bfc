/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/current.h: the task that the calling native thread runs as. Defined and switched by core/sched/sched.c. */
#ifndef _ASM_CURRENT_H
#define _ASM_CURRENT_H

#ifndef __ASSEMBLY__

#include <linux/compiler.h>

struct task_struct;

extern __thread struct task_struct *kshim_current;

static __always_inline struct task_struct *get_current(void)
{
	return kshim_current;
}

#define current get_current()

#endif
#endif
