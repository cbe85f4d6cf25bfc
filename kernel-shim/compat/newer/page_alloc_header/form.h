/* SPDX-License-Identifier: GPL-2.0-only */
/* The insides of mm/page_alloc.c that others use are in mm/page_alloc.h. */
#ifndef KSHIM_FORM_PAGE_ALLOC_HEADER_H
#define KSHIM_FORM_PAGE_ALLOC_HEADER_H

#include "mm/internal.h"
#include "mm/page_alloc.h"

/* For warn_alloc(). */
#define KSHIM_WARN_ALLOC_CONST const

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
