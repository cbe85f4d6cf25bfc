/* SPDX-License-Identifier: GPL-2.0-only */
/* An entry that is not present has a swp_entry_t. */
#ifndef KSHIM_FORM_SOFTLEAF_H
#define KSHIM_FORM_SOFTLEAF_H

#include <linux/swapops.h>

/* Whether an entry that is not present names a slot of a swap device. */
static inline bool kshim_pte_is_swap(pte_t pte)
{
	return is_swap_pte(pte) && !non_swap_entry(pte_to_swp_entry(pte));
}

#endif
