// SPDX-License-Identifier: GPL-2.0-only
/* hugetlb: its boot when the machine's features are known, and what the files of sysfs say and change. */
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <kshim/arch.h>
#include <kshim/mem.h>

/* nr_overcommit_hugepages of each size: so much is taken from free memory when mapped, and returned afterwards. */
#define OVERCOMMIT_BYTES SZ_256M

extern initcall_t __kshim_initcall_hugetlb_init, __kshim_initcall_init_hugetlbfs_fs;

int kshim_hugetlb_boot(void)
{
	struct hstate *h;
	int ret = kshim_arch_hugetlb_sizes();

	if (!ret)
		ret = __kshim_initcall_hugetlb_init();
	if (ret || !hugepages_supported())
		return ret;
	for_each_hstate(h)
		if (!hstate_is_gigantic(h))
			h->nr_overcommit_huge_pages = OVERCOMMIT_BYTES / huge_page_size(h);
	return __kshim_initcall_init_hugetlbfs_fs();
}

/* The size of huge pages; 0 is the default one. NULL: there is no such size. */
static struct hstate *state_of(uint64_t size)
{
	if (!hugepages_supported())
		return NULL;
	return size ? size_to_hstate(size) : &default_hstate;
}

long kshim_hugetlb_count(uint64_t size, enum kvmsim_hugetlb_count which)
{
	struct hstate *h = state_of(size);
	long n = -EINVAL;

	if (!h)
		return -ENOENT;
	spin_lock_irq(&hugetlb_lock);
	switch (which) {
	case KVMSIM_HUGETLB_PAGES:
		n = h->nr_huge_pages;
		break;
	case KVMSIM_HUGETLB_FREE:
		n = h->free_huge_pages;
		break;
	case KVMSIM_HUGETLB_RESERVED:
		n = h->resv_huge_pages;
		break;
	case KVMSIM_HUGETLB_SURPLUS:
		n = h->surplus_huge_pages;
		break;
	case KVMSIM_HUGETLB_OVERCOMMIT:
		n = h->nr_overcommit_huge_pages;
		break;
	}
	spin_unlock_irq(&hugetlb_lock);
	return n;
}

long kshim_hugetlb_set(uint64_t size, enum kvmsim_hugetlb_count which, uint64_t pages)
{
	struct hstate *h = state_of(size);

	if (!h)
		return -ENOENT;
	if (which == KVMSIM_HUGETLB_PAGES)
		return kshim_hugetlb_resize(h, pages);
	if (which != KVMSIM_HUGETLB_OVERCOMMIT || hstate_is_gigantic(h))
		return -EINVAL;
	spin_lock_irq(&hugetlb_lock);
	h->nr_overcommit_huge_pages = pages;
	spin_unlock_irq(&hugetlb_lock);
	return 0;
}

void kshim_hugetlb_drop_pools(void)
{
	struct hstate *h;

	if (hugepages_supported())
		for_each_hstate(h)
			if (h->nr_huge_pages)
				kshim_hugetlb_resize(h, 0);
}
