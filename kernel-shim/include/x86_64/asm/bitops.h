/* SPDX-License-Identifier: GPL-2.0-only */
/* What the common bit operations must know of x86: BT, BTS, BTR and BTC take a signed bit number. */
#ifndef KSHIM_X86_BITOPS_H
#define KSHIM_X86_BITOPS_H

typedef long kshim_bit_nr;

#include_next <asm/bitops.h>

#endif
