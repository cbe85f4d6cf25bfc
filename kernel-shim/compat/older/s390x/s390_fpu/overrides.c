// SPDX-License-Identifier: GPL-2.0-only
/* KVM only tested a guest's floating-point control (arch/s390/include/asm/fpu/api.h). */
#include <kshim/marks.h>

/* SFPC refuses values with a reserved bit. */
OVERRIDES(test_fp_ctl, "arch/s390/include/asm/fpu/api.h");
static inline int test_fp_ctl(u32 fpc)
{
	return fpc & 0x07070088 ? -EINVAL : 0;
}
