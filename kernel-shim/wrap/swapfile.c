// SPDX-License-Identifier: GPL-2.0-only
/* mm/swapfile.c, with a swapon(2) that needs no system-call frame, and the swap cache's reclaim by itself. */
#include "mm/swapfile.c"
#include "wrap.h"

long kshim_sys_swapon(const char *name, int flags)
{
	return __do_sys_swapon((__force const char __user *)name, flags);
}

/* Walks by the cache's index; filemap_get_folios() would continue from a folio's index, its place in the mapping. */
static void reap_swap_cache(struct address_space *space)
{
	struct folio *folio;
	unsigned long index;

	xa_for_each(&space->i_pages, index, folio) {
		if (xa_is_value(folio))
			continue;
		folio_get(folio);
		folio_lock(folio);
		folio_free_swap(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
}

void kshim_swap_cache_reap(void)
{
	unsigned long first;
	unsigned int type;

	for (type = 0; type < nr_swapfiles; type++)
		for (first = 0; first < swap_info[type]->max; first += SWAP_ADDRESS_SPACE_PAGES)
			reap_swap_cache(swap_address_space(swp_entry(type, first)));
}
