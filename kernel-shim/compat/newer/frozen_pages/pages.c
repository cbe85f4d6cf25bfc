// SPDX-License-Identifier: GPL-2.0-only
/* Many pages at once, and one without references (mm/page_alloc.c), and variables that moved to mm/mm_init.c. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

FAITHFUL(mem_map, "mm/mm_init.c");
struct page *mem_map;
FAITHFUL(max_mapnr, "mm/mm_init.c");
unsigned long max_mapnr;
FAITHFUL(high_memory, "mm/mm_init.c");
void *high_memory;

REDUCED(alloc_pages_bulk_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
unsigned long alloc_pages_bulk_noprof(gfp_t gfp, int preferred_nid, nodemask_t *nodemask, int nr_pages,
				      struct page **page_array)
{
	return kshim_alloc_pages_array(gfp, preferred_nid, nodemask, nr_pages, page_array, CALLER);
}

FAITHFUL(free_frozen_pages, "mm/page_alloc.c");
void free_frozen_pages(struct page *page, unsigned int order)
{
	kshim_free_page(page, order, CALLER);
}
