/* SPDX-License-Identifier: GPL-2.0-only */
/* The boot code calls swap_setup(). */
#ifndef KSHIM_FORM_SWAP_SETUP_H
#define KSHIM_FORM_SWAP_SETUP_H

#include <linux/swap.h>

/* Initcalls of mm/swap_state.c. */
#define KSHIM_SWAP_CALL(CALL)

static inline void kshim_swap_setup(void)
{
	swap_setup();
}

#endif
