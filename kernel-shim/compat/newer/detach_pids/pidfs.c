// SPDX-License-Identifier: GPL-2.0-only
/* File descriptors of processes (fs/pidfs.c). */
#include <linux/pid.h>
#include <linux/pidfs.h>
#include <kshim/marks.h>

INERT(pidfs_add_pid, "fs/pidfs.c", "nobody opens a pidfd");
int pidfs_add_pid(struct pid *pid)
{
	return 0;
}

INERT(pidfs_prepare_pid, "fs/pidfs.c", "nobody opens a pidfd");
void pidfs_prepare_pid(struct pid *pid)
{
}

INERT(pidfs_remove_pid, "fs/pidfs.c", "nobody opens a pidfd");
void pidfs_remove_pid(struct pid *pid)
{
}

INERT(pidfs_free_pid, "fs/pidfs.c", "nobody opens a pidfd");
void pidfs_free_pid(struct pid *pid)
{
}
