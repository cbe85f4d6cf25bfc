/* SPDX-License-Identifier: GPL-2.0-only */
/* The pfn of the zero page is set by an initcall of mm/memory.c. */
#ifndef KSHIM_FORM_ZERO_PAGE_H
#define KSHIM_FORM_ZERO_PAGE_H

#include <linux/mm.h>

/* The initcall for the zero page, for the table of initcalls. */
#define KSHIM_ZERO_PAGE_CALL(CALL)	CALL(init_zero_pfn),

/* Before the initcalls. */
static inline void kshim_zero_page_boot(struct page *page)
{
}

static inline unsigned long kshim_zero_pfn(void)
{
	return my_zero_pfn(0);
}

#endif
