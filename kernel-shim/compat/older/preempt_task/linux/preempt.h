/* SPDX-License-Identifier: GPL-2.0-only */
/* linux/preempt.h uses struct task_struct and relied on the architecture's asm/preempt.h to declare it. */
struct task_struct;
#include_next <linux/preempt.h>
