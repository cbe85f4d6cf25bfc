// SPDX-License-Identifier: GPL-2.0-only
/* What later kernels free with a task or an mm: hashes of futexes and masks of CPUs. */
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <kshim/marks.h>

INERT_VOID(futex_mm_init, "kernel/futex/core.c", "nobody waits for a futex");
INERT_VOID(futex_hash_free, "kernel/futex/core.c", "nobody waits for a futex");
INERT_VOID(smp_task_ipi_mask_free, "kernel/smp.c",
	   "calls of other CPUs need no mask: the sender makes them one by one");
