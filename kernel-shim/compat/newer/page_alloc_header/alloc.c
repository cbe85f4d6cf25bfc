// SPDX-License-Identifier: GPL-2.0-only
/* Calls of mm/page_alloc.c whose arguments or names changed, and what moved to mm/mm_init.c. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <kshim/form/page_alloc_header.h>
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

FAITHFUL(mem_map, "mm/mm_init.c");
struct page *mem_map;
FAITHFUL(max_mapnr, "mm/mm_init.c");
unsigned long max_mapnr;
FAITHFUL(high_memory, "mm/mm_init.c");
void *high_memory;

REDUCED(__alloc_pages_noprof, "mm/page_alloc.c mm/page_alloc.c:__alloc_pages_slowpath",
	"no reclaim, compaction or OOM killer: fails when no block is left above the watermark");
struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int preferred_nid, nodemask_t *nodemask,
				  unsigned int alloc_flags)
{
	return kshim_alloc_pages(gfp, order, CALLER);
}

REDUCED(alloc_pages_node_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
struct page *alloc_pages_node_noprof(int nid, gfp_t gfp, unsigned int order)
{
	return kshim_alloc_pages(gfp, order, CALLER);
}

REDUCED(alloc_pages_bulk_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
unsigned long alloc_pages_bulk_noprof(gfp_t gfp, int preferred_nid, nodemask_t *nodemask, int nr_pages,
				      struct page **page_array)
{
	return kshim_alloc_pages_array(gfp, nr_pages, page_array, CALLER);
}

FAITHFUL(free_frozen_pages, "mm/page_alloc.c");
void free_frozen_pages(struct page *page, unsigned int order)
{
	kshim_free_page(page, order, CALLER);
}
