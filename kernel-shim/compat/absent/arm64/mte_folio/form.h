/* SPDX-License-Identifier: GPL-2.0-only */
/* Each page has a flag that says that its tags are set. */
#ifndef KSHIM_FORM_MTE_FOLIO_H
#define KSHIM_FORM_MTE_FOLIO_H

#include <asm/mte.h>

/* Whether the kernel has set the tags of this page. */
static inline bool kshim_page_mte_tagged(struct page *page)
{
	return page_mte_tagged(page);
}

#endif
