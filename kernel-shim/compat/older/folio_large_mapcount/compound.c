// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compound pages: the set-up of their head and tails, when a tail may be freed, and the destructor that each kind had
 * (mm/page_alloc.c).
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

FAITHFUL(prep_compound_head, "mm/page_alloc.c");
void prep_compound_head(struct page *page, unsigned int order)
{
	set_compound_page_dtor(page, COMPOUND_PAGE_DTOR);
	set_compound_order(page, order);
	atomic_set(compound_mapcount_ptr(page), -1);
	atomic_set(compound_pincount_ptr(page), 0);
}

FAITHFUL(prep_compound_tail, "mm/page_alloc.c");
void prep_compound_tail(struct page *head, int tail_idx)
{
	struct page *tail = head + tail_idx;

	tail->mapping = TAIL_MAPPING;
	set_compound_head(tail, head);
	set_page_private(tail, 0);
}

/* free_tail_pages_check() */
const char *kshim_bad_tail(const struct page *head, const struct page *tail)
{
	switch (tail - head) {
	case 1:
		return compound_mapcount((struct page *)tail) ? "nonzero compound_mapcount" : NULL;
	case 2:	/* mapping is a link of the deferred list */
		return NULL;
	default:
		return tail->mapping == TAIL_MAPPING ? NULL : "corrupted mapping in tail page";
	}
}

void kshim_clear_second(struct page *head)
{
	ClearPageDoubleMap(head);
	ClearPageHasHWPoisoned(head);
}

FAITHFUL(free_compound_page, "mm/page_alloc.c");
void free_compound_page(struct page *page)
{
	kshim_free_page(page, compound_order(page), __builtin_return_address(0));
}

FAITHFUL(destroy_large_folio, "mm/page_alloc.c");
void destroy_large_folio(struct folio *folio)
{
	switch (folio_page(folio, 1)->compound_dtor) {
	case COMPOUND_PAGE_DTOR:
		free_compound_page(&folio->page);
		break;
#ifdef CONFIG_HUGETLB_PAGE
	case HUGETLB_PAGE_DTOR:
		free_huge_page(&folio->page);
		break;
#endif
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	case TRANSHUGE_PAGE_DTOR:
		free_transhuge_page(&folio->page);
		break;
#endif
	default:
		VM_BUG_ON_FOLIO(1, folio);
	}
}
