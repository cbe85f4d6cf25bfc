/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/ctl_reg.h with LCTLG and STCTG of the simulated CPU, for one register: all callers here use one. */
#ifndef KSHIM_S390_CTL_REG_H
#define KSHIM_S390_CTL_REG_H

#include <kshim/insn.h>
#include_next <asm/ctl_reg.h>

#undef __ctl_load
#define __ctl_load(array, low, high)					\
do {									\
	BUILD_BUG_ON((low) != (high));					\
	kshim_lctl(low, *(unsigned long *)&(array));			\
} while (0)

#undef __ctl_store
#define __ctl_store(array, low, high)					\
do {									\
	BUILD_BUG_ON((low) != (high));					\
	*(unsigned long *)&(array) = kshim_stctl(low);			\
} while (0)

#endif
