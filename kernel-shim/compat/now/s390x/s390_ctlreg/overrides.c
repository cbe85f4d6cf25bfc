// SPDX-License-Identifier: GPL-2.0-only
/* LCTLG and STCTG have a structure as operand (arch/s390/include/asm/ctlreg.h). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(local_ctl_load, "arch/s390/include/asm/ctlreg.h");
static __always_inline void local_ctl_load(unsigned int cr, struct ctlreg *reg)
{
	kshim_lctl(cr, reg->val);
}

OVERRIDES(local_ctl_store, "arch/s390/include/asm/ctlreg.h");
static __always_inline void local_ctl_store(unsigned int cr, struct ctlreg *reg)
{
	reg->val = kshim_stctl(cr);
}
