/* SPDX-License-Identifier: GPL-2.0-only */
/* The setup of swap is an initcall. */
#ifndef KSHIM_FORM_SWAP_SETUP_H
#define KSHIM_FORM_SWAP_SETUP_H

#include <linux/pagemap.h>
#include <linux/swap.h>
#include "mm/swap.h"

/* Initcalls of mm/swap_state.c. */
#define KSHIM_SWAP_CALL(CALL)	CALL(swap_init),

/* Without CONFIG_SYSFS the kernel forgets to say that the swap cache has no tags (docs/findings.md). */
static inline void kshim_swap_setup(void)
{
	mapping_set_no_writeback_tags(&swap_space);
}

#endif
