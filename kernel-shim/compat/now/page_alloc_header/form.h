/* SPDX-License-Identifier: GPL-2.0-only */
/* The insides of mm/page_alloc.c that others use are in mm/internal.h. */
#ifndef KSHIM_FORM_PAGE_ALLOC_HEADER_H
#define KSHIM_FORM_PAGE_ALLOC_HEADER_H

#include "mm/internal.h"

/* For warn_alloc(). */
#define KSHIM_WARN_ALLOC_CONST

static inline void kshim_prep_compound_tail(struct page *head, int i, unsigned int order)
{
	prep_compound_tail(head, i);
}

static inline bool kshim_page_mapping_flags(struct page *page)
{
	return PageMappingFlags(page);
}

#endif
