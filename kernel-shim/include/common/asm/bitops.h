/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/bitops.h: compiler builtins, and bit operations on top of asm/atomic.h. The kernel's generic atomic ones are not
 * used, because they cut the bit number to 32 bits: a wild write would hit the bitmap after all. Before it includes
 * this, an architecture defines kshim_bit_nr, a signed type if a bit number may be negative.
 */
#ifndef _ASM_BITOPS_H
#define _ASM_BITOPS_H

#ifndef _LINUX_BITOPS_H
#error only <linux/bitops.h> can be included directly
#endif

#include <linux/atomic.h>
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

static __always_inline unsigned long *kshim_bit_word(unsigned long nr, const volatile unsigned long *p)
{
	return (unsigned long *)p + ((kshim_bit_nr)nr >> 6);
}

static __always_inline atomic64_t *kshim_bit_atomic(unsigned long nr, volatile unsigned long *p)
{
	return (atomic64_t *)kshim_bit_word(nr, p);
}

/* --- atomic ones --- */

static __always_inline void arch_set_bit(unsigned long nr, volatile unsigned long *p)
{
	arch_atomic64_or(BIT_MASK(nr), kshim_bit_atomic(nr, p));
}

static __always_inline void arch_clear_bit(unsigned long nr, volatile unsigned long *p)
{
	arch_atomic64_and(~BIT_MASK(nr), kshim_bit_atomic(nr, p));
}

static __always_inline void arch_change_bit(unsigned long nr, volatile unsigned long *p)
{
	arch_atomic64_xor(BIT_MASK(nr), kshim_bit_atomic(nr, p));
}

static __always_inline int arch_test_and_set_bit(unsigned long nr, volatile unsigned long *p)
{
	return !!(arch_atomic64_fetch_or(BIT_MASK(nr), kshim_bit_atomic(nr, p)) & BIT_MASK(nr));
}

static __always_inline int arch_test_and_clear_bit(unsigned long nr, volatile unsigned long *p)
{
	return !!(arch_atomic64_fetch_and(~BIT_MASK(nr), kshim_bit_atomic(nr, p)) & BIT_MASK(nr));
}

static __always_inline int arch_test_and_change_bit(unsigned long nr, volatile unsigned long *p)
{
	return !!(arch_atomic64_fetch_xor(BIT_MASK(nr), kshim_bit_atomic(nr, p)) & BIT_MASK(nr));
}

#include <asm-generic/bitops/instrumented-atomic.h>

/* --- locks --- */

static __always_inline int arch_test_and_set_bit_lock(unsigned long nr, volatile unsigned long *p)
{
	if (READ_ONCE(*kshim_bit_word(nr, p)) & BIT_MASK(nr))
		return 1;
	return !!(arch_atomic64_fetch_or_acquire(BIT_MASK(nr), kshim_bit_atomic(nr, p)) & BIT_MASK(nr));
}

static __always_inline void arch_clear_bit_unlock(unsigned long nr, volatile unsigned long *p)
{
	arch_atomic64_fetch_and_release(~BIT_MASK(nr), kshim_bit_atomic(nr, p));
}

static __always_inline void arch___clear_bit_unlock(unsigned long nr, volatile unsigned long *p)
{
	unsigned long *word = kshim_bit_word(nr, p);

	smp_store_release(word, READ_ONCE(*word) & ~BIT_MASK(nr));
}

static __always_inline bool arch_xor_unlock_is_negative_byte(unsigned long mask, volatile unsigned long *p)
{
	return !!(arch_atomic64_fetch_xor_release(mask, (atomic64_t *)p) & BIT(7));
}
#define arch_xor_unlock_is_negative_byte arch_xor_unlock_is_negative_byte

#include <asm-generic/bitops/instrumented-lock.h>

/* --- those that are not atomic --- */

static __always_inline void arch___set_bit(unsigned long nr, volatile unsigned long *p)
{
	*kshim_bit_word(nr, p) |= BIT_MASK(nr);
}

static __always_inline void arch___clear_bit(unsigned long nr, volatile unsigned long *p)
{
	*kshim_bit_word(nr, p) &= ~BIT_MASK(nr);
}

static __always_inline void arch___change_bit(unsigned long nr, volatile unsigned long *p)
{
	*kshim_bit_word(nr, p) ^= BIT_MASK(nr);
}

static __always_inline bool arch___test_and_set_bit(unsigned long nr, volatile unsigned long *p)
{
	unsigned long *word = kshim_bit_word(nr, p), old = *word;

	*word = old | BIT_MASK(nr);
	return old & BIT_MASK(nr);
}

static __always_inline bool arch___test_and_clear_bit(unsigned long nr, volatile unsigned long *p)
{
	unsigned long *word = kshim_bit_word(nr, p), old = *word;

	*word = old & ~BIT_MASK(nr);
	return old & BIT_MASK(nr);
}

static __always_inline bool arch___test_and_change_bit(unsigned long nr, volatile unsigned long *p)
{
	unsigned long *word = kshim_bit_word(nr, p), old = *word;

	*word = old ^ BIT_MASK(nr);
	return old & BIT_MASK(nr);
}

/* READ_ONCE() instead of the generic version's volatile access, which tells ThreadSanitizer less (asm/rwonce.h). */
static __always_inline bool arch_test_bit(unsigned long nr, const volatile unsigned long *p)
{
	return READ_ONCE(*kshim_bit_word(nr, p)) & BIT_MASK(nr);
}

static __always_inline bool arch_test_bit_acquire(unsigned long nr, const volatile unsigned long *p)
{
	return smp_load_acquire(kshim_bit_word(nr, p)) & BIT_MASK(nr);
}

#include <asm-generic/bitops/non-instrumented-non-atomic.h>

#include <asm-generic/bitops/le.h>
#include <asm-generic/bitops/ext2-atomic-setbit.h>

#endif
