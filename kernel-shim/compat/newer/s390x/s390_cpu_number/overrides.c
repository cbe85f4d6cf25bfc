// SPDX-License-Identifier: GPL-2.0-only
/* The number of the CPU that runs (asm/smp.h). */
#include <kshim/marks.h>

OVERRIDES(raw_smp_processor_id, "arch/s390/include/asm/smp.h");
static __always_inline unsigned int raw_smp_processor_id(void)
{
	return get_lowcore()->cpu_nr;
}
