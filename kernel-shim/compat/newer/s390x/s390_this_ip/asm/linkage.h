/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/linkage.h without its instruction for _THIS_IP_: linux/instruction_pointer.h has one for all. */
#ifndef KSHIM_S390_LINKAGE_H
#define KSHIM_S390_LINKAGE_H

#include_next <asm/linkage.h>

#undef _THIS_IP_

#endif
