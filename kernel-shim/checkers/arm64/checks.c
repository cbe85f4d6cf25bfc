// SPDX-License-Identifier: GPL-2.0-only
/* The table of the checks that arm64 adds: none yet. */
#include <kshim/checks.h>

const struct kshim_check kshim_arch_checks[] = {
	{}
};
