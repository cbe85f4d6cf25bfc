/* SPDX-License-Identifier: GPL-2.0-only */
/* The swap cache is in the tables of the clusters. */
#ifndef KSHIM_FORM_SWAP_CACHE_H
#define KSHIM_FORM_SWAP_CACHE_H

#include <linux/swapops.h>

/* Takes out of the swap cache what nobody but the cache needs there. */
static void kshim_reap_swap_cache(unsigned int type, unsigned long slots)
{
	struct folio *folio;
	unsigned long slot;

	for (slot = 0; slot < slots; slot++) {
		folio = swap_cache_get_folio(swp_entry(type, slot));
		if (!folio)
			continue;
		folio_lock(folio);
		folio_free_swap(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
}

#endif
