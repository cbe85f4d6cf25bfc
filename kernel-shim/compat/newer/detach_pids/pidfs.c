// SPDX-License-Identifier: GPL-2.0-only
/* File descriptors of processes (fs/pidfs.c). */
#include <linux/pid.h>
#include <linux/pidfs.h>
#include <kshim/marks.h>

INERT_ZERO(pidfs_add_pid, "fs/pidfs.c", "nobody opens a pidfd");
INERT_VOID(pidfs_prepare_pid, "fs/pidfs.c", "nobody opens a pidfd");
INERT_VOID(pidfs_remove_pid, "fs/pidfs.c", "nobody opens a pidfd");
INERT_VOID(pidfs_free_pid, "fs/pidfs.c", "nobody opens a pidfd");
