/* SPDX-License-Identifier: GPL-2.0-only */
/* The swap map counts the users of a slot. CPUs keep free slots (mm/swap_slots.c). */
#ifndef KSHIM_FORM_SWAP_SLOTS_H
#define KSHIM_FORM_SWAP_SLOTS_H

#include <linux/swap.h>
#include <linux/swap_slots.h>
#include <linux/swapops.h>

static inline bool kshim_swap_slot_is_free(struct swap_info_struct *si, unsigned long slot)
{
	return si->swap_map && !READ_ONCE(si->swap_map[slot]);
}

/* Takes back the slots that CPUs keep. Their shadow entries are still in the swap cache. */
static inline void kshim_drop_swap_slots(void)
{
	disable_swap_slots_cache_lock();
	reenable_swap_slots_cache_unlock();
}

#endif
