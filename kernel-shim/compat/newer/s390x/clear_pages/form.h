/* SPDX-License-Identifier: GPL-2.0-only */
/* Many pages are cleared with one call, so a frame of 2 GiB need not take the host's memory. */
#ifndef KSHIM_FORM_CLEAR_PAGES_H
#define KSHIM_FORM_CLEAR_PAGES_H

#include <linux/hugetlb.h>

/* vm.nr_overcommit_hugepages of that size: RAM is smaller. */
#define OVERCOMMIT_GIGANTIC_PAGES 32

/* hugepagesz=2G: hugepagesz_setup(). Before hugetlb_init(). */
static inline void kshim_add_gigantic_hstate(void)
{
	if (arch_hugetlb_valid_size(PUD_SIZE))
		hugetlb_add_hstate(PUD_SHIFT - PAGE_SHIFT);
}

static inline void kshim_set_gigantic_overcommit(void)
{
	struct hstate *h = size_to_hstate(PUD_SIZE);

	if (h)
		h->nr_overcommit_huge_pages = OVERCOMMIT_GIGANTIC_PAGES;
}

#endif
