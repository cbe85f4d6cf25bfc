/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/bitops.h from the kernel's generic bit operations: compiler builtins, and atomic ones on top of asm/atomic.h. */
#ifndef _ASM_BITOPS_H
#define _ASM_BITOPS_H

#ifndef _LINUX_BITOPS_H
#error only <linux/bitops.h> can be included directly
#endif

#include <linux/compiler.h>
#include <asm/barrier.h>
#include <asm-generic/bitops/builtin-__ffs.h>
#include <asm-generic/bitops/builtin-ffs.h>
#include <asm-generic/bitops/builtin-__fls.h>
#include <asm-generic/bitops/builtin-fls.h>
#include <asm-generic/bitops/ffz.h>
#include <asm-generic/bitops/fls64.h>
#include <asm-generic/bitops/sched.h>
#include <asm-generic/bitops/hweight.h>
#include <asm-generic/bitops/atomic.h>
#include <asm-generic/bitops/lock.h>
#include <asm-generic/bitops/non-atomic.h>
#include <asm-generic/bitops/le.h>
#include <asm-generic/bitops/ext2-atomic-setbit.h>

/* As generic_test_bit(), with READ_ONCE() for its volatile access, of which ThreadSanitizer knows less (asm/rwonce.h). */
static __always_inline bool kshim_test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	return 1UL & (READ_ONCE(addr[BIT_WORD(nr)]) >> (nr & (BITS_PER_LONG - 1)));
}
#undef arch_test_bit
#define arch_test_bit kshim_test_bit

#endif
