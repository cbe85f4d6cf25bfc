/* SPDX-License-Identifier: GPL-2.0-only */
/* The swap cache is an array of address spaces. */
#ifndef KSHIM_FORM_SWAP_CACHE_H
#define KSHIM_FORM_SWAP_CACHE_H

#include <linux/pagemap.h>
#include <linux/swapops.h>

/*
 * By the cache's index; filemap_get_folios() would continue from a folio's index, its place in the mapping. Other
 * threads may take a folio from the cache and free it meanwhile, so filemap_get_folio() gets the reference.
 */
static void walk_swap_space(struct address_space *space, void (*fn)(struct folio *folio))
{
	struct folio *folio;
	unsigned long index;
	void *entry;

	xa_for_each(&space->i_pages, index, entry) {
		folio = filemap_get_folio(space, index);
		if (!IS_ERR_OR_NULL(folio))	/* NULL: on 6.1 */
			fn(folio);
	}
}

/* Calls fn with each folio of the swap cache and a reference to it. fn may sleep, and drops the reference. */
static void kshim_walk_swap_cache(unsigned int type, unsigned long slots, void (*fn)(struct folio *folio))
{
	unsigned long first;

	for (first = 0; first < slots; first += SWAP_ADDRESS_SPACE_PAGES)
		walk_swap_space(swap_address_space(swp_entry(type, first)), fn);
}

#endif
