/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/barrier.h on the compiler's memory model: acquire and release are real (ThreadSanitizer sees them). Fences are as
 * strong as the host's; those that order loads are announced to ThreadSanitizer.
 */
#ifndef _ASM_BARRIER_H
#define _ASM_BARRIER_H

#ifndef __ASSEMBLY__

#include <linux/compiler.h>
#include <kshim/fence.h>

#define __mb()		do { __atomic_thread_fence(__ATOMIC_SEQ_CST); kshim_fence(); } while (0)
#define __rmb()		do { __atomic_thread_fence(__ATOMIC_ACQUIRE); kshim_fence(); } while (0)
#define __wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)

#define __smp_mb()	__mb()
#define __smp_rmb()	__rmb()
#define __smp_wmb()	__wmb()

#define __smp_load_acquire(p)							\
({										\
	__unqual_scalar_typeof(*(p)) ___p1 = __atomic_load_n((p), __ATOMIC_ACQUIRE); \
	compiletime_assert_atomic_type(*(p));					\
	(typeof(*(p)))___p1;							\
})

#define __smp_store_release(p, v)						\
do {										\
	compiletime_assert_atomic_type(*(p));					\
	__atomic_store_n((p), (v), __ATOMIC_RELEASE);				\
} while (0)

/* All ones if index is below size, else 0. The kernel avoids a conditional branch; here it is an ordinary mask. */
static inline unsigned long kshim_index_mask(unsigned long index, unsigned long size)
{
	return index < size ? ~0UL : 0;
}
#define array_index_mask_nospec(index, size) kshim_index_mask(index, size)

/* Speculation is not simulated. */
#define barrier_nospec() barrier()

#include <asm-generic/barrier.h>

#endif
#endif
