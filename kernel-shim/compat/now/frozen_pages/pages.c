// SPDX-License-Identifier: GPL-2.0-only
/* Many pages at once, on a list or in an array, and one that has lost its last reference (mm/page_alloc.c). */
#include <linux/gfp.h>
#include <linux/mm.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

REDUCED(alloc_pages_bulk_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
unsigned long alloc_pages_bulk_noprof(gfp_t gfp, int preferred_nid, nodemask_t *nodemask, int nr_pages,
				      struct list_head *page_list, struct page **page_array)
{
	unsigned long nr = 0;
	struct page *page;

	if (!page_list)
		return kshim_alloc_pages_array(gfp, preferred_nid, nodemask, nr_pages, page_array, CALLER);
	for (; nr_pages > 0 && nr < nr_pages; nr++) {
		page = kshim_alloc_pages_node(gfp, 0, preferred_nid, nodemask, CALLER);
		if (!page)
			break;
		list_add(&page->lru, page_list);
	}
	return nr;
}

/* linux/gfp.h declares it for CONFIG_CONTIG_ALLOC. */
struct page *alloc_contig_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask, int nid, nodemask_t *nodemask);

REDUCED(alloc_contig_pages_noprof, "mm/page_alloc.c",
	"whole KSHIM_GIGANTIC_UNIT only, and of RAM that was never in use; nothing is moved to make room");
struct page *alloc_contig_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask, int nid, nodemask_t *nodemask)
{
	struct page *page = kshim_alloc_gigantic(gfp_mask, ilog2(nr_pages), nid, nodemask, CALLER);

	if (page)
		set_page_count(page, 1);
	return page;
}

FAITHFUL(free_unref_page, "mm/page_alloc.c");
void free_unref_page(struct page *page, unsigned int order)
{
	kshim_free_page(page, order, CALLER);
}
