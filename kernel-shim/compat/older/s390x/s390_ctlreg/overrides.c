// SPDX-License-Identifier: GPL-2.0-only
/* Single bits of control registers had functions of their own (arch/s390/include/asm/ctl_reg.h). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(__ctl_set_bit, "arch/s390/include/asm/ctl_reg.h");
static __always_inline void __ctl_set_bit(unsigned int cr, unsigned int bit)
{
	kshim_lctl(cr, kshim_stctl(cr) | 1UL << bit);
}

OVERRIDES(__ctl_clear_bit, "arch/s390/include/asm/ctl_reg.h");
static __always_inline void __ctl_clear_bit(unsigned int cr, unsigned int bit)
{
	kshim_lctl(cr, kshim_stctl(cr) & ~(1UL << bit));
}
