// SPDX-License-Identifier: GPL-2.0-only
/* mm/swapfile.c, with a swapon(2) that needs no system-call frame, and the swap cache's reclaim by itself. */
#include "mm/swapfile.c"
#include <kshim/form/swap_cache.h>
#include "wrap.h"

long kshim_sys_swapon(const char *name, int flags)
{
	return __do_sys_swapon((__force const char __user *)name, flags);
}

void kshim_swap_cache_reap(void)
{
	unsigned int type;

	for (type = 0; type < nr_swapfiles; type++)
		kshim_reap_swap_cache(type, swap_info[type]->max);
}
