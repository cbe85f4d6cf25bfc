// SPDX-License-Identifier: GPL-2.0-only
/* The variables behind ZERO_PAGE() (mm/mm_init.c). */
#include <linux/mm.h>
#include <kshim/form/zero_page.h>
#include <kshim/marks.h>

FAITHFUL(zero_page_pfn, "mm/mm_init.c");
unsigned long zero_page_pfn;
FAITHFUL(__zero_page, "mm/mm_init.c");
struct page *__zero_page;

void kshim_zero_page_boot(struct page *page)
{
	__zero_page = page;
	zero_page_pfn = page_to_pfn(page);
}
