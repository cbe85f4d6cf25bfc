// SPDX-License-Identifier: GPL-2.0-only
/* mm/hugetlb_sysfs.c: what hugetlb_init() calls of it, and changing the number of huge pages of a size. */
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <kshim/marks.h>
#include <kshim/mem.h>

void hugetlb_sysfs_init(void);
/* mm/hugetlb_internal.h */
ssize_t __nr_hugepages_store_common(bool obey_mempolicy, struct hstate *h, int nid, unsigned long count, size_t len);

INERT_VOID(hugetlb_sysfs_init, "mm/hugetlb_sysfs.c", "there is no sysfs");

int kshim_hugetlb_resize(struct hstate *h, unsigned long pages)
{
	return __nr_hugepages_store_common(false, h, NUMA_NO_NODE, pages, 0);
}
