// SPDX-License-Identifier: GPL-2.0-only
/* mm/swapfile.c, with swapon(2) callable without a system-call frame, and the swap cache's reclaim by itself. */
#include "mm/swapfile.c"
#include "wrap.h"

long kshim_sys_swapon(const char *name, int flags)
{
	return __do_sys_swapon((__force const char __user *)name, flags);
}

static void reap_swap_cache(struct address_space *space)
{
	struct folio_batch batch;
	pgoff_t next = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(space, &next, -1, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			folio_lock(batch.folios[i]);
			folio_free_swap(batch.folios[i]);
			folio_unlock(batch.folios[i]);
		}
		folio_batch_release(&batch);
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
