/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The length of a string was found by a multiplication that includes the bytes behind its end. memcheck called the
 * length undefined if those bytes were. This looks for the lowest bit of has_zero(), like today: those bytes are above
 * it.
 */
#ifndef _KSHIM_X86_WORD_AT_A_TIME_H
#define _KSHIM_X86_WORD_AT_A_TIME_H

#include <linux/bitops.h>
#include_next <asm/word-at-a-time.h>

static inline unsigned long kshim_zero_bytemask(unsigned long bits)
{
	return ((bits - 1) & ~bits) >> 7;
}

#undef zero_bytemask
#define create_zero_mask(bits) (bits)
#define zero_bytemask(bits) kshim_zero_bytemask(bits)
#define find_zero(bits) (__ffs(bits) >> 3)

#endif
