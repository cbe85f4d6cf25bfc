/* SPDX-License-Identifier: GPL-2.0-only */
/* What 6.12 has in this header, for the shim and the model: control registers as structures. */
#ifndef KSHIM_S390_CTLREG_H
#define KSHIM_S390_CTLREG_H

#include <asm/ctl_reg.h>

#define CR0_EDAT			BIT(63 - 40)
#define CR0_INSTRUCTION_EXEC_PROTECTION	BIT(63 - 43)

struct ctlreg {
	unsigned long val;
};

#endif
