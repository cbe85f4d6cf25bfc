// SPDX-License-Identifier: GPL-2.0-only
/* The test of a facility gave an int; the order of bits is that of overrides.c in kernel-shim/arch/s390x. */
#include <kshim/marks.h>

OVERRIDES(__test_facility, "arch/s390/include/asm/facility.h");
static inline int __test_facility(unsigned long nr, void *facilities)
{
	return nr < 1024 && (((unsigned long *)facilities)[nr >> 6] >> (63 - (nr & 63)) & 1);
}
