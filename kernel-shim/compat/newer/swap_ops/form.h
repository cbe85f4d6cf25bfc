/* SPDX-License-Identifier: GPL-2.0-only */
/* A swap device has operations of its own: ops.c. */
#ifndef KSHIM_FORM_SWAP_OPS_H
#define KSHIM_FORM_SWAP_OPS_H

#include <linux/swap.h>

#define KSHIM_SWAP_RW(fn)

/* The number of extents, or a negative errno. */
int kshim_swap_activate(struct swap_info_struct *si);

#endif
