// SPDX-License-Identifier: GPL-2.0-only
/* Code that the kernel patches at boot, by what the machine has: here it looks each time. */
#include <kshim/marks.h>

OVERRIDES(__test_machine_feature_constant, "arch/s390/include/asm/machine.h");
static __always_inline bool __test_machine_feature_constant(unsigned int nr)
{
	return test_machine_feature(nr);
}
