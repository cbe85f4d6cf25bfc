// SPDX-License-Identifier: GPL-2.0-only
/* The table of the checks that s390x adds. */
#include <kshim/checks.h>
#include "checkers.h"

const struct kshim_check kshim_arch_checks[] = {
	{ "gmap", KSHIM_CHECK_VM_MEMORY, .vm = kshim_check_gmap },
	{ "ipte-lock", KSHIM_CHECK_VM, .vm = kshim_check_ipte_lock },
	{ "sca", KSHIM_CHECK_VM, .vm = kshim_check_sca },	/* and in use */
	{ "tlb", KSHIM_CHECK_LAST, .machine = kshim_check_tlbs },
	{ "shadow-gmap", KSHIM_CHECK_LAST, .machine = kshim_check_shadow_gmaps },
	{ "pgste", KSHIM_CHECK_LAST, .machine = kshim_check_pgstes },	/* and in use */
	{ "guest-access", KSHIM_CHECK_IN_USE },
	{ "guest-entry", KSHIM_CHECK_IN_USE },
	{ "facilities", KSHIM_CHECK_IN_USE },
	{}
};
