/* SPDX-License-Identifier: GPL-2.0-only */
/* An entry that is not present has a softleaf_t. */
#ifndef KSHIM_FORM_SOFTLEAF_H
#define KSHIM_FORM_SOFTLEAF_H

#include <linux/leafops.h>

/* Whether an entry that is not present names a slot of a swap device. */
static inline bool kshim_pte_is_swap(pte_t pte)
{
	return !pte_none(pte) && softleaf_is_swap(softleaf_from_pte(pte));
}

#endif
