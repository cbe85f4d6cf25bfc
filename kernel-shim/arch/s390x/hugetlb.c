// SPDX-License-Identifier: GPL-2.0-only
/* Boot of hugetlb, when the machine's facilities are known. */
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <kshim/form/clear_pages.h>
#include "internal.h"

/* vm.nr_overcommit_hugepages: pages of 1 MiB that are taken from free memory when mapped, and returned afterwards. */
#define OVERCOMMIT_HUGE_PAGES 256

extern initcall_t __kshim_initcall_hugetlb_init, __kshim_initcall_init_hugetlbfs_fs;

int kshim_hugetlb_boot(void)
{
	int ret;

	kshim_add_gigantic_hstate();
	ret = __kshim_initcall_hugetlb_init();
	if (ret || !hugepages_supported())
		return ret;
	default_hstate.nr_overcommit_huge_pages = OVERCOMMIT_HUGE_PAGES;
	kshim_set_gigantic_overcommit();
	return __kshim_initcall_init_hugetlbfs_fs();
}
