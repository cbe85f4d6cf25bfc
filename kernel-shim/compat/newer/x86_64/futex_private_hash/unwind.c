// SPDX-License-Identifier: GPL-2.0-only
/* What later kernels free with a task on x86_64: the stack that was unwound for it. s390 does not unwind. */
#include <linux/unwind_deferred.h>
#include <kshim/marks.h>

INERT_VOID(unwind_task_free, "kernel/unwind/deferred.c", "nobody asks for the stack of a task in user mode");
