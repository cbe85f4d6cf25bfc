/* SPDX-License-Identifier: GPL-2.0-only */
/* Before page_rmappable_folio() of mm/internal.h, each caller made a large folio ready for rmap. */
#ifndef KSHIM_FORM_FOLIO_BATCH_FREE_H
#define KSHIM_FORM_FOLIO_BATCH_FREE_H

#include <linux/huge_mm.h>
#include <linux/mm.h>

/* page may be NULL. */
static inline struct folio *page_rmappable_folio(struct page *page)
{
	struct folio *folio = (struct folio *)page;

	if (folio && folio_order(folio) > 1)
		prep_transhuge_page(page);
	return folio;
}

#endif
