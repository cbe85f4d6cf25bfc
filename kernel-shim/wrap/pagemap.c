// SPDX-License-Identifier: GPL-2.0-only
/* fs/proc/task_mmu.c: the file /proc/self/pagemap, opened without procfs. Nothing without CONFIG_PROC_PAGE_MONITOR. */
#include <linux/kconfig.h>
#ifdef CONFIG_PROC_PAGE_MONITOR

#include "fs/proc/task_mmu.c"

#include <linux/anon_inodes.h>
#include "wrap.h"

struct file *kshim_open_pagemap(void)
{
	struct file *file;

	mmgrab(current->mm);
	file = anon_inode_getfile("pagemap", &proc_pagemap_operations, current->mm, O_RDONLY);
	if (IS_ERR(file))
		mmdrop(current->mm);
	return file;
}

#endif
