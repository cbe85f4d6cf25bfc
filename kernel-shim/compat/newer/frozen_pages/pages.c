// SPDX-License-Identifier: GPL-2.0-only
/* Many pages at once, and those without references (mm/page_alloc.c), and variables that moved to mm/mm_init.c. */
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

/* linux/gfp.h declares it for CONFIG_CONTIG_ALLOC. */
struct page *alloc_contig_frozen_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask, int nid, nodemask_t *nodemask);

REDUCED(alloc_contig_frozen_pages_noprof, "mm/page_alloc.c",
	"whole KSHIM_GIGANTIC_UNIT only, and of RAM that was never in use; nothing is moved to make room");
struct page *alloc_contig_frozen_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask, int nid, nodemask_t *nodemask)
{
	return kshim_alloc_gigantic(gfp_mask, ilog2(nr_pages), nid, nodemask, CALLER);
}

FAITHFUL(free_frozen_pages, "mm/page_alloc.c");
void free_frozen_pages(struct page *page, unsigned int order)
{
	kshim_free_page(page, order, CALLER);
}
