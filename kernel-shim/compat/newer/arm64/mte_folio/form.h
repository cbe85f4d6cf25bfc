/* SPDX-License-Identifier: GPL-2.0-only */
/* Huge pages of hugetlb have one flag that says that their tags are set, all others one for each page. */
#ifndef KSHIM_FORM_MTE_FOLIO_H
#define KSHIM_FORM_MTE_FOLIO_H

#include <linux/hugetlb.h>
#include <asm/mte.h>

/* Whether the kernel has set the tags of this page. */
static inline bool kshim_page_mte_tagged(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio_test_hugetlb(folio) ? folio_test_hugetlb_mte_tagged(folio) : page_mte_tagged(page);
}

#endif
