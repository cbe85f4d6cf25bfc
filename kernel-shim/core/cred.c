// SPDX-License-Identifier: GPL-2.0-only
/* Data of kernel/sys.c about user and group ids; kernel/cred.c, user.c and capability.c, which use it, are real. */
#include <linux/highuid.h>
#include <kshim/marks.h>

FAITHFUL(overflowuid);
int overflowuid = DEFAULT_OVERFLOWUID;
FAITHFUL(overflowgid);
int overflowgid = DEFAULT_OVERFLOWGID;
