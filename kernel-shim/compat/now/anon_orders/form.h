/* SPDX-License-Identifier: GPL-2.0-only */
/* The sizes of anonymous huge pages that follow the system's policy. */
#ifndef KSHIM_FORM_ANON_ORDERS_H
#define KSHIM_FORM_ANON_ORDERS_H

#include <linux/errno.h>
#include <linux/huge_mm.h>

/* Like hugepage_init_sysfs() of mm/huge_memory.c: of all orders, PMD_ORDER alone. */
static inline void kshim_thp_choose_orders(void)
{
	huge_anon_orders_inherit = BIT(PMD_ORDER);
}

/* Folios of these orders are always used: a bit for each, "always" in the files hugepages-SIZE/enabled of sysfs. */
static inline int kshim_thp_always(unsigned long orders)
{
	if (orders & ~THP_ORDERS_ALL_ANON)
		return -EINVAL;
	WRITE_ONCE(huge_anon_orders_always, orders);
	return 0;
}

#endif
