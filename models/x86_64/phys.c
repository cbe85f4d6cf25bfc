// SPDX-License-Identifier: GPL-2.0-only
/* Simulated memory as the modelled processor reaches it: table entries, and a check of the frames that it uses. */
#include <linux/mm.h>
#include "model.h"
#include <kshim/checks.h>
#include <kshim/driver.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/mem.h>

void x86_walk_count(void)
{
	model_count(guest_walk_entries, 1);
}

/* Also returns false, after a report, for a freed table: no cached or linked entry should lead there. */
bool x86_phys_read64(uint64_t pa, uint64_t *value)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	if (!page_ref_count(compound_head(pfn_to_page(PHYS_PFN(pa))))) {
		kshim_about_frame(PHYS_PFN(pa));
		host_check("guest-access", "page walk: the table at frame %lx is free: an entry of a table or of a "
			   "paging-structure cache still leads to it", PHYS_PFN(pa));
		return false;
	}
	*value = READ_ONCE(*(u64 *)__va(pa));
	return true;
}

bool x86_phys_cmpxchg64(uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	*done = try_cmpxchg64((u64 *)__va(pa), (u64 *)old, new);
	return true;
}

bool x86_frame_is_live(u64 pfn, u64 addr, const char *how)
{
	if (pfn >= KSHIM_RAM_MAX >> PAGE_SHIFT) {
		host_check("guest-access", "guest access to %llx: %s leads to frame %llx, outside of memory",
			   addr, how, pfn);
		return false;
	}
	if (pfn_valid(pfn) && !page_ref_count(compound_head(pfn_to_page(pfn))) &&
	    !kshim_driver_frame(pfn)) {
		kshim_about_frame(pfn);
		host_check("guest-access", "guest access to %llx: %s leads to frame %llx, which is free",
			   addr, how, pfn);
		return false;
	}
	return true;
}
