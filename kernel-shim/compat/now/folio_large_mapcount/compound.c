// SPDX-License-Identifier: GPL-2.0-only
/* What the tails of a compound page hold, and when one may be freed (free_tail_page_prepare() of mm/page_alloc.c). */
#include <linux/mm.h>
#include <kshim/form/page_flags_f.h>
#include "internal.h"
#include "../../../core/mem/mem_internal.h"

static const char *bad_second(const struct folio *folio)
{
	if (folio_entire_mapcount(folio))
		return "nonzero entire_mapcount";
	if (folio_large_mapcount(folio))
		return "nonzero large_mapcount";
	if (atomic_read(&folio->_nr_pages_mapped))
		return "nonzero nr_pages_mapped";
	return atomic_read(&folio->_pincount) ? "nonzero pincount" : NULL;
}

const char *kshim_bad_tail(const struct page *head, const struct page *tail)
{
	const struct folio *folio = (const struct folio *)head;

	switch (tail - head) {
	case 1:
		return bad_second(folio);
	case 2:
		return list_empty(&folio->_deferred_list) ? NULL : "on deferred list";
	case 3:
		if (IS_ENABLED(CONFIG_HUGETLB_PAGE))
			return NULL;
		fallthrough;
	default:
		return tail->mapping == TAIL_MAPPING ? NULL : "corrupted mapping in tail page";
	}
}

void kshim_clear_second(struct page *head)
{
	KSHIM_PAGE_FLAGS(&head[1]) &= ~PAGE_FLAGS_SECOND;
}
