/* SPDX-License-Identifier: GPL-2.0-only */
/* The sizes of anonymous huge pages that follow the system's policy. */
#ifndef KSHIM_FORM_ANON_ORDERS_H
#define KSHIM_FORM_ANON_ORDERS_H

#include <linux/huge_mm.h>

/* Like hugepage_init_sysfs() of mm/huge_memory.c: of all orders, PMD_ORDER alone. */
static inline void kshim_thp_choose_orders(void)
{
	huge_anon_orders_inherit = BIT(PMD_ORDER);
}

#endif
