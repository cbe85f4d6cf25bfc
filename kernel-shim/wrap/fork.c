// SPDX-License-Identifier: GPL-2.0-only
/* kernel/fork.c plus what the shim's processes need of its statics: the caches of mm and VMA, and dup_mm(). */
#include "kernel/fork.c"

#include <kshim/form/vma_init.h>
#include "wrap.h"

/* The parts of proc_caches_init() that concern memory; the shim allocates tasks and file tables itself. */
void kshim_fork_init(void)
{
	mm_cache_init();
	kshim_vma_caches_init();
	mmap_init();
}

struct mm_struct *kshim_mm_alloc(void)
{
	return mm_alloc();
}

struct mm_struct *kshim_dup_mm(struct task_struct *task, struct mm_struct *old)
{
	return dup_mm(task, old);
}
