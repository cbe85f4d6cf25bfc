// SPDX-License-Identifier: GPL-2.0-only
/* Data of kernel/sys.c about user and group ids; every task is root (kernel/cred.c, user.c and capability.c are real). */
#include <linux/highuid.h>
#include <kshim/marks.h>

FAITHFUL(overflowuid);
int overflowuid = DEFAULT_OVERFLOWUID;
FAITHFUL(overflowgid);
int overflowgid = DEFAULT_OVERFLOWGID;
FAITHFUL(fs_overflowuid);
int fs_overflowuid = DEFAULT_FS_OVERFLOWUID;
FAITHFUL(fs_overflowgid);
int fs_overflowgid = DEFAULT_FS_OVERFLOWGID;
