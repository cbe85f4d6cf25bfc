/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages may have no reference, "frozen". A tail of a compound page is prepared with its head. */
#ifndef KSHIM_FORM_FROZEN_PAGES_H
#define KSHIM_FORM_FROZEN_PAGES_H

#include <linux/mm.h>
#include "mm/internal.h"

static inline void kshim_prep_compound_tail(struct page *head, int i, unsigned int order)
{
	prep_compound_tail(head + i, head, order);
}

static inline bool kshim_page_mapping_flags(struct page *page)
{
	return (unsigned long)page->mapping & FOLIO_MAPPING_FLAGS;
}

/* linux/mm.h had it. */
static inline void set_max_mapnr(unsigned long limit)
{
	max_mapnr = limit;
}

#endif
