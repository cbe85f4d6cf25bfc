// SPDX-License-Identifier: GPL-2.0-only
/* What hugetlb_init() calls of mm/hugetlb_sysfs.c. */
#include <linux/init.h>
#include <kshim/marks.h>

void hugetlb_sysfs_init(void);

INERT(hugetlb_sysfs_init, "mm/hugetlb_sysfs.c", "there is no sysfs");
void hugetlb_sysfs_init(void)
{
}
