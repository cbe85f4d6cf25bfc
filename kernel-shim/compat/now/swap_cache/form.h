/* SPDX-License-Identifier: GPL-2.0-only */
/* The swap cache is an array of address spaces. */
#ifndef KSHIM_FORM_SWAP_CACHE_H
#define KSHIM_FORM_SWAP_CACHE_H

#include <linux/swapops.h>

/* Walks by the cache's index; filemap_get_folios() would continue from a folio's index, its place in the mapping. */
static void reap_swap_space(struct address_space *space)
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

/* Takes out of the swap cache what nobody but the cache needs there. */
static void kshim_reap_swap_cache(unsigned int type, unsigned long slots)
{
	unsigned long first;

	for (first = 0; first < slots; first += SWAP_ADDRESS_SPACE_PAGES)
		reap_swap_space(swap_address_space(swp_entry(type, first)));
}

#endif
