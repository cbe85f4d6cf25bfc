// SPDX-License-Identifier: GPL-2.0-only
/* The call that frees many pages at once takes a batch of folios (mm/page_alloc.c). */
#include <linux/pagevec.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

FAITHFUL(free_unref_folios, "mm/page_alloc.c");
void free_unref_folios(struct folio_batch *folios)
{
	unsigned int i;

	for (i = 0; i < folios->nr; i++)
		kshim_free_page(&folios->folios[i]->page, folio_order(folios->folios[i]), __builtin_return_address(0));
	folio_batch_reinit(folios);
}
