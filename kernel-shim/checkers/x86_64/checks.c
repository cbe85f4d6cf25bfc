// SPDX-License-Identifier: GPL-2.0-only
/* The table of the checks that x86_64 adds. */
#include <kshim/checks.h>
#include "checkers.h"

const struct kshim_check kshim_arch_checks[] = {
	{ "walk-cache", KSHIM_CHECK_VM_MEMORY, .vm = kshim_check_walk_caches },
	{ "private-files", KSHIM_CHECK_VM_MEMORY, .vm = kshim_check_private_files },
	{ "memory-types", KSHIM_CHECK_LEAF, .leaf = kshim_check_memory_type },
	{ "shadow-pages", KSHIM_CHECK_VM, .vm = kshim_check_shadow_pages,
	  .vm_changed = kshim_check_shadow_pages_changed },
	{ "pfn-cache", KSHIM_CHECK_VM_MEMORY, .vm = kshim_check_pfn_caches },
	{ "noncoherent-dma", KSHIM_CHECK_VM, .vm = kshim_check_noncoherent_dma },
	{ "shadow-entries", KSHIM_CHECK_LAST, .machine = kshim_check_shadow_entries },
	{ "host-tlb", KSHIM_CHECK_LAST, .machine = kshim_check_host_tlb },
	{ "guest-access", KSHIM_CHECK_IN_USE },
	{ "guest-entry", KSHIM_CHECK_IN_USE },
	{ "atomic-stores", KSHIM_CHECK_IN_USE },
	{}
};
