/* SPDX-License-Identifier: GPL-2.0-only */
/* A swap file of a file system is read and written by ->swap_rw() of its address space. */
#ifndef KSHIM_FORM_SWAP_OPS_H
#define KSHIM_FORM_SWAP_OPS_H

#include <linux/swap.h>

#define KSHIM_SWAP_RW(fn)	.swap_rw = fn,

/* The number of extents, or a negative errno. */
static inline int kshim_swap_activate(struct swap_info_struct *si)
{
	si->flags |= SWP_FS_OPS;
	return add_swap_extent(si, 0, si->max, 0);
}

#endif
