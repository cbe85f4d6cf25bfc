/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/linkage.h without its instruction for _THIS_IP_: linux/instruction_pointer.h has one for all. */
#ifndef KSHIM_ARM64_LINKAGE_H
#define KSHIM_ARM64_LINKAGE_H

#include_next <asm/linkage.h>

#undef _THIS_IP_

#endif
