// SPDX-License-Identifier: GPL-2.0-only
/* The kernel tried ESSA to find out whether there is collaborative memory management (arch/s390/mm/page-states.c). */
#include <kshim/marks.h>

/* In a logical partition, ESSA is an operation exception. */
OVERRIDES(cmma_test_essa, "arch/s390/mm/page-states.c");
static inline int cmma_test_essa(void)
{
	return -EOPNOTSUPP;
}
