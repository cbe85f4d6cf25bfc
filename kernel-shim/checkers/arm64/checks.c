// SPDX-License-Identifier: GPL-2.0-only
/* The table of the checks that arm64 adds. */
#include <kshim/checks.h>
#include "checkers.h"

const struct kshim_check kshim_arch_checks[] = {
	{ "tlb", KSHIM_CHECK_VM, .vm = kshim_check_guest_tlb },
	{ "guest-tables", KSHIM_CHECK_VM, .vm = kshim_check_guest_tables },
	{ "memory-types", KSHIM_CHECK_LEAF, .leaf = kshim_check_memory_type },
	{ "vmid", KSHIM_CHECK_LAST, .machine = kshim_check_vmids },
	{ "host-tlb", KSHIM_CHECK_LAST, .machine = kshim_check_host_tlb },
	{ "break-before-make", KSHIM_CHECK_IN_USE },
	{ "barriers", KSHIM_CHECK_IN_USE },
	{ "caches", KSHIM_CHECK_IN_USE },
	{ "tags", KSHIM_CHECK_IN_USE },
	{ "guest-access", KSHIM_CHECK_IN_USE },
	{ "guest-entry", KSHIM_CHECK_IN_USE },
	{ "facilities", KSHIM_CHECK_IN_USE },
	{}
};
