/* SPDX-License-Identifier: GPL-2.0-only */
/* The buddy allocator's highest order was MAX_ORDER - 1. */
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#define NR_PAGE_ORDERS	MAX_ORDER
