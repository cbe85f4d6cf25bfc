// SPDX-License-Identifier: GPL-2.0-only
/* Tests of a facility, with the order of bits of overrides.c in kernel-shim/arch/s390x. */
#include <kshim/marks.h>

OVERRIDES(__test_facility, "arch/s390/include/asm/facility.h");
static __always_inline bool __test_facility(unsigned long nr, void *facilities)
{
	return nr < 1024 && (((unsigned long *)facilities)[nr >> 6] >> (63 - (nr & 63)) & 1);
}

OVERRIDES(__test_facility_constant, "arch/s390/include/asm/facility.h");
static __always_inline bool __test_facility_constant(unsigned long nr)
{
	return __test_facility(nr, stfle_fac_list);
}
