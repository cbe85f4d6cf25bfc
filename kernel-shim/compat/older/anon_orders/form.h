/* SPDX-License-Identifier: GPL-2.0-only */
/* Every anonymous huge page was of PMD_ORDER. */
#ifndef KSHIM_FORM_ANON_ORDERS_H
#define KSHIM_FORM_ANON_ORDERS_H

static inline void kshim_thp_choose_orders(void)
{
}

#endif
