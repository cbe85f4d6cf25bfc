/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/cmpxchg.h: exchange and compare-and-exchange of 1, 2, 4 and 8 bytes with the compiler's atomics. */
#ifndef _ASM_CMPXCHG_H
#define _ASM_CMPXCHG_H

#include <linux/compiler.h>
#include <kshim/fence.h>
#include <kshim/sched.h>

/* The type of x without its qualifiers. */
#define kshim_value_typeof(x) typeof(((void)0, (x)))

#define __kshim_xchg(ptr, new, order)						\
({										\
	typeof(ptr) __ptr = (ptr);						\
	kshim_value_typeof(*(ptr)) __new_val = (new), __old_val;			\
	kshim_sched_point(KSHIM_PT_ATOMIC, __ptr);				\
	__atomic_exchange(__ptr, &__new_val, &__old_val, order);			\
	kshim_loaded(__ptr, order);						\
	__old_val;									\
})

/* Returns the old value. If that is not equal to old, there is no store and no ordering. */
#define __kshim_cmpxchg(ptr, old, new, order)					\
({										\
	typeof(ptr) __ptr = (ptr);						\
	kshim_value_typeof(*(ptr)) __old_val = (kshim_value_typeof(*(ptr)))(old);	\
	kshim_value_typeof(*(ptr)) __new_val = (kshim_value_typeof(*(ptr)))(new);	\
	kshim_sched_point(KSHIM_PT_ATOMIC, __ptr);				\
	__atomic_compare_exchange(__ptr, &__old_val, &__new_val, false, order, __ATOMIC_RELAXED); \
	kshim_loaded(__ptr, order);						\
	__old_val;									\
})

/* Returns whether it swapped. If not, *oldp becomes the value that was there. */
#define __kshim_try_cmpxchg(ptr, oldp, new, order)				\
({										\
	typeof(ptr) __ptr = (ptr);						\
	typeof(oldp) __old_ptr = (oldp);						\
	kshim_value_typeof(*(ptr)) __old_val = *__old_ptr;				\
	kshim_value_typeof(*(ptr)) __new_val = (kshim_value_typeof(*(ptr)))(new);	\
	bool __done;								\
	kshim_sched_point(KSHIM_PT_ATOMIC, __ptr);				\
	__done = __atomic_compare_exchange(__ptr, &__old_val, &__new_val, false, order, __ATOMIC_RELAXED); \
	kshim_loaded(__ptr, order);						\
	if (unlikely(!__done))							\
		*__old_ptr = __old_val;						\
	likely(__done);								\
})

#define arch_xchg(p, n)				__kshim_xchg(p, n, __ATOMIC_SEQ_CST)
#define arch_xchg_acquire(p, n)			__kshim_xchg(p, n, __ATOMIC_ACQUIRE)
#define arch_xchg_release(p, n)			__kshim_xchg(p, n, __ATOMIC_RELEASE)
#define arch_xchg_relaxed(p, n)			__kshim_xchg(p, n, __ATOMIC_RELAXED)

#define arch_cmpxchg(p, o, n)			__kshim_cmpxchg(p, o, n, __ATOMIC_SEQ_CST)
#define arch_cmpxchg_acquire(p, o, n)		__kshim_cmpxchg(p, o, n, __ATOMIC_ACQUIRE)
#define arch_cmpxchg_release(p, o, n)		__kshim_cmpxchg(p, o, n, __ATOMIC_RELEASE)
#define arch_cmpxchg_relaxed(p, o, n)		__kshim_cmpxchg(p, o, n, __ATOMIC_RELAXED)
#define arch_cmpxchg_local(p, o, n)		__kshim_cmpxchg(p, o, n, __ATOMIC_RELAXED)

#define arch_try_cmpxchg(p, op, n)		__kshim_try_cmpxchg(p, op, n, __ATOMIC_SEQ_CST)
#define arch_try_cmpxchg_acquire(p, op, n)	__kshim_try_cmpxchg(p, op, n, __ATOMIC_ACQUIRE)
#define arch_try_cmpxchg_release(p, op, n)	__kshim_try_cmpxchg(p, op, n, __ATOMIC_RELEASE)
#define arch_try_cmpxchg_relaxed(p, op, n)	__kshim_try_cmpxchg(p, op, n, __ATOMIC_RELAXED)
#define arch_try_cmpxchg_local(p, op, n)	__kshim_try_cmpxchg(p, op, n, __ATOMIC_RELAXED)

#define arch_cmpxchg64				arch_cmpxchg
#define arch_cmpxchg64_acquire			arch_cmpxchg_acquire
#define arch_cmpxchg64_release			arch_cmpxchg_release
#define arch_cmpxchg64_relaxed			arch_cmpxchg_relaxed
#define arch_cmpxchg64_local			arch_cmpxchg_local
#define arch_try_cmpxchg64			arch_try_cmpxchg
#define arch_try_cmpxchg64_acquire		arch_try_cmpxchg_acquire
#define arch_try_cmpxchg64_release		arch_try_cmpxchg_release
#define arch_try_cmpxchg64_relaxed		arch_try_cmpxchg_relaxed
#define arch_try_cmpxchg64_local		arch_try_cmpxchg_local

#endif
