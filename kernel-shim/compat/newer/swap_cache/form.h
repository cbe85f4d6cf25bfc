/* SPDX-License-Identifier: GPL-2.0-only */
/* The swap cache is in the tables of the clusters. */
#ifndef KSHIM_FORM_SWAP_CACHE_H
#define KSHIM_FORM_SWAP_CACHE_H

#include <linux/swapops.h>

/* Calls fn with each folio of the swap cache and a reference to it. fn may sleep, and drops the reference. */
static void kshim_walk_swap_cache(unsigned int type, unsigned long slots, void (*fn)(struct folio *folio))
{
	struct folio *folio;
	unsigned long slot;

	for (slot = 0; slot < slots; slot++) {
		folio = swap_cache_get_folio(swp_entry(type, slot));
		if (!folio)
			continue;
		fn(folio);
	}
}

#endif
