// SPDX-License-Identifier: GPL-2.0-only
/* mm/swapfile.c, with a swapon(2) that needs no system-call frame, and the reclaim of the swap cache by itself. */
#include "mm/swapfile.c"
#include <kshim/form/isolate_lru_bool.h>
#include <kshim/form/swap_cache.h>
#include "wrap.h"

long kshim_sys_swapon(const char *name, int flags)
{
	return __do_sys_swapon((__force const char __user *)name, flags);
}

static void walk_swap_cache(void (*fn)(struct folio *folio))
{
	unsigned int type;

	for (type = 0; type < nr_swapfiles; type++)
		kshim_walk_swap_cache(type, swap_info[type]->max, fn);
}

static void free_swap(struct folio *folio)
{
	folio_lock(folio);
	folio_free_swap(folio);
	folio_unlock(folio);
	folio_put(folio);
}

void kshim_swap_cache_reap(void)
{
	walk_swap_cache(free_swap);
}

/* Isolation takes a reference of its own, which reclaim_pages() expects. */
static void reclaim(struct folio *folio)
{
	LIST_HEAD(list);

	if (!folio_mapped(folio) && kshim_folio_isolate(folio))
		list_add(&folio->lru, &list);
	folio_put(folio);
	reclaim_pages(&list);
}

void kshim_swap_cache_reclaim(void)
{
	walk_swap_cache(reclaim);
}
