// SPDX-License-Identifier: GPL-2.0-only
/* mm/hugetlb.c with a call for what its files in sysfs do: changing the number of huge pages of a size. */
#include <kshim/form/folio_gigantic.h>
#define folio_zero_user kshim_folio_zero_user	/* core/mem/gigantic.c */
#include "mm/hugetlb.c"
#undef folio_zero_user

#include <kshim/mem.h>

int kshim_hugetlb_resize(struct hstate *h, unsigned long pages)
{
	return __nr_hugepages_store_common(false, h, NUMA_NO_NODE, pages, 0);
}
