// SPDX-License-Identifier: GPL-2.0-only
/* Errors of file systems, and inodes whose time stamps are not written yet (fs/fserror.c, fs/fs-writeback.c). */
#include <linux/fs.h>
#include <linux/fserror.h>
#include "fs/internal.h"
#include <kshim/marks.h>

INERT_VOID(fserror_mount, "fs/fserror.c", "no file system reports errors");
INERT_VOID(fserror_unmount, "fs/fserror.c", "no file system reports errors");

FAITHFUL(sync_lazytime, "fs/fs-writeback.c");
bool sync_lazytime(struct inode *inode)
{
	return false;	/* no super block has SB_LAZYTIME */
}
