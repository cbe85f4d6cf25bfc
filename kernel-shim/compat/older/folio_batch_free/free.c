// SPDX-License-Identifier: GPL-2.0-only
/* The call that frees many pages at once took a list of pages of order 0 (mm/page_alloc.c). */
#include <linux/mm.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

FAITHFUL(free_unref_page_list, "mm/page_alloc.c");
void free_unref_page_list(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		kshim_free_page(page, 0, __builtin_return_address(0));
	}
}
