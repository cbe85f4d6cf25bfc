/* SPDX-License-Identifier: GPL-2.0-only */
/* What the common bit operations must know of arm64: bit numbers are not negative. */
#ifndef KSHIM_ARM64_BITOPS_H
#define KSHIM_ARM64_BITOPS_H

typedef unsigned long kshim_bit_nr;

#include_next <asm/bitops.h>

#endif
