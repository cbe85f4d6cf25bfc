// SPDX-License-Identifier: GPL-2.0-only
/* mm/swapfile.c, with swapon(2) callable without a system-call frame. */
#include "mm/swapfile.c"
#include "wrap.h"

long kshim_sys_swapon(const char *name, int flags)
{
	return __do_sys_swapon((__force const char __user *)name, flags);
}
