// SPDX-License-Identifier: GPL-2.0-only
/* mm/khugepaged.c with what khugepaged does each time it wakes up, to be called. */
#include "mm/khugepaged.c"

#include "wrap.h"

long kshim_khugepaged_scan(void)
{
	unsigned int before = khugepaged_pages_collapsed;

	khugepaged_do_scan(&khugepaged_collapse_control);
	return khugepaged_pages_collapsed - before;
}
