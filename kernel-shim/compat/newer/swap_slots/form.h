/* SPDX-License-Identifier: GPL-2.0-only */
/* A table for each cluster has the state of its slots (mm/swap_table.h). */
#ifndef KSHIM_FORM_SWAP_SLOTS_H
#define KSHIM_FORM_SWAP_SLOTS_H

#include <linux/swap.h>
#include "mm/swap.h"
#include "mm/swap_table.h"

static inline bool kshim_swap_slot_is_free(struct swap_info_struct *si, unsigned long slot)
{
	struct swap_cluster_info *ci;

	if (!si->cluster_info)
		return false;
	ci = &si->cluster_info[slot / SWAPFILE_CLUSTER];
	return swp_tb_is_null(swap_table_get(ci, slot % SWAPFILE_CLUSTER));
}

/* No CPU keeps slots. */
static inline void kshim_drop_swap_slots(void)
{
}

#endif
