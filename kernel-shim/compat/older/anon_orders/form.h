/* SPDX-License-Identifier: GPL-2.0-only */
/* Every anonymous huge page was of PMD_ORDER. */
#ifndef KSHIM_FORM_ANON_ORDERS_H
#define KSHIM_FORM_ANON_ORDERS_H

#include <linux/errno.h>

static inline void kshim_thp_choose_orders(void)
{
}

static inline int kshim_thp_always(unsigned long orders)
{
	return -EINVAL;
}

#endif
