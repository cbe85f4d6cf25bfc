/* SPDX-License-Identifier: GPL-2.0-only */
/* All architectures have the same ZERO_PAGE(), a variable (mm/mm_init.c). */
#ifndef KSHIM_FORM_ZERO_PAGE_H
#define KSHIM_FORM_ZERO_PAGE_H

#include <linux/mm.h>

/* The initcall for the zero page, for the table of initcalls. */
#define KSHIM_ZERO_PAGE_CALL(CALL)

/* Before the initcalls: mm_core_init() calls init_zero_page_pfn(). */
void kshim_zero_page_boot(struct page *page);

static inline unsigned long kshim_zero_pfn(void)
{
	return zero_pfn(0);
}

#endif
