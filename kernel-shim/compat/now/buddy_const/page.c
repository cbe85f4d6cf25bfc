// SPDX-License-Identifier: GPL-2.0-only
/* is_free_buddy_page() of mm/page_alloc.c takes a constant page. */
#include <linux/mm.h>
#include "../../../core/mem/mem_internal.h"

bool is_free_buddy_page(const struct page *page)
{
	return kshim_page_is_free(page);
}
