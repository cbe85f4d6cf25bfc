/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages have a reference from the start. A tail of a compound page is prepared by its number. */
#ifndef KSHIM_FORM_FROZEN_PAGES_H
#define KSHIM_FORM_FROZEN_PAGES_H

#include <linux/mm.h>
#include "mm/internal.h"

static inline void kshim_prep_compound_tail(struct page *head, int i, unsigned int order)
{
	prep_compound_tail(head, i);
}

static inline bool kshim_page_mapping_flags(struct page *page)
{
	return PageMappingFlags(page);
}

#endif
