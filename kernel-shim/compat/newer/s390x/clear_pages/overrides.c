// SPDX-License-Identifier: GPL-2.0-only
/* Clearing of many pages. */
#include <kshim/marks.h>

/* folio_zero_user() clears a frame of 2 GiB with it. What is zero when the host has no memory for it is not written. */
OVERRIDES(clear_contig_highpages, "mm/memory.c");
static void clear_contig_highpages(struct page *page, unsigned long addr, unsigned int nr_pages)
{
	extern bool kshim_clear_frames(void *addr, unsigned int npages);	/* kshim/mem.h */

	if (!kshim_clear_frames(page_address(page), nr_pages))
		kcc_kernel_clear_contig_highpages(page, addr, nr_pages);
}
