/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/atomic.h: atomic_t and atomic64_t with the compiler's atomics, in all four orderings. A race detector sees the
 * orderings that the kernel's memory model promises and no stronger ones. The rest (inc, dec, andnot, tests,
 * conditional forms) comes from linux/atomic/atomic-arch-fallback.h.
 *
 * Every read-modify-write is a scheduling point.
 */
#ifndef _ASM_ATOMIC_H
#define _ASM_ATOMIC_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>
#include <kshim/fence.h>
#include <kshim/sched.h>

#define ATOMIC64_INIT(i) { (i) }

/*
 * Operations without a result promise no ordering. Under ThreadSanitizer they get the ordering that an adjacent
 * smp_mb__{before,after}_atomic() would add, because on x86 those macros are empty.
 */
#ifdef __SANITIZE_THREAD__
#define KSHIM_ATOMIC_VOID __ATOMIC_ACQ_REL
#else
#define KSHIM_ATOMIC_VOID __ATOMIC_RELAXED
#endif

#define KSHIM_ATOMIC_ACCESS(name, type)						\
static __always_inline type arch_##name##_read(const name##_t *v)		\
{										\
	type i = __atomic_load_n(&v->counter, __ATOMIC_RELAXED);		\
										\
	kshim_loaded(&v->counter, __ATOMIC_RELAXED);				\
	return i;								\
}										\
static __always_inline void arch_##name##_set(name##_t *v, type i)		\
{										\
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);			\
}

/* arch_atomic_add(i, v) */
#define KSHIM_ATOMIC_OP(name, type, op)						\
static __always_inline void arch_##name##_##op(type i, name##_t *v)		\
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, v);				\
	__atomic_fetch_##op(&v->counter, i, KSHIM_ATOMIC_VOID);			\
}

/* arch_atomic_fetch_add_acquire(i, v): the old value */
#define KSHIM_ATOMIC_FETCH(name, type, op, suffix, order)			\
static __always_inline type arch_##name##_fetch_##op##suffix(type i, name##_t *v) \
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, v);				\
	i = __atomic_fetch_##op(&v->counter, i, order);				\
	kshim_loaded(&v->counter, order);					\
	return i;								\
}

/* arch_atomic_add_return_acquire(i, v): the new value */
#define KSHIM_ATOMIC_RETURN(name, type, op, suffix, order)			\
static __always_inline type arch_##name##_##op##_return##suffix(type i, name##_t *v) \
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, v);				\
	i = __atomic_##op##_fetch(&v->counter, i, order);			\
	kshim_loaded(&v->counter, order);					\
	return i;								\
}

#define KSHIM_ATOMIC_ORDERS(MAKE, name, type, op)				\
	MAKE(name, type, op, , __ATOMIC_SEQ_CST)				\
	MAKE(name, type, op, _acquire, __ATOMIC_ACQUIRE)			\
	MAKE(name, type, op, _release, __ATOMIC_RELEASE)			\
	MAKE(name, type, op, _relaxed, __ATOMIC_RELAXED)

#define KSHIM_ATOMIC_ARITHMETIC(name, type, op)					\
	KSHIM_ATOMIC_OP(name, type, op)						\
	KSHIM_ATOMIC_ORDERS(KSHIM_ATOMIC_FETCH, name, type, op)			\
	KSHIM_ATOMIC_ORDERS(KSHIM_ATOMIC_RETURN, name, type, op)

#define KSHIM_ATOMIC_LOGIC(name, type, op)					\
	KSHIM_ATOMIC_OP(name, type, op)						\
	KSHIM_ATOMIC_ORDERS(KSHIM_ATOMIC_FETCH, name, type, op)

#define KSHIM_ATOMIC_TYPE(name, type)						\
	KSHIM_ATOMIC_ACCESS(name, type)						\
	KSHIM_ATOMIC_ARITHMETIC(name, type, add)				\
	KSHIM_ATOMIC_ARITHMETIC(name, type, sub)				\
	KSHIM_ATOMIC_LOGIC(name, type, and)					\
	KSHIM_ATOMIC_LOGIC(name, type, or)					\
	KSHIM_ATOMIC_LOGIC(name, type, xor)

KSHIM_ATOMIC_TYPE(atomic, int)
KSHIM_ATOMIC_TYPE(atomic64, s64)

/* What exists, for linux/atomic/atomic-arch-fallback.h. */
#define arch_atomic_add_return arch_atomic_add_return
#define arch_atomic_add_return_acquire arch_atomic_add_return_acquire
#define arch_atomic_add_return_release arch_atomic_add_return_release
#define arch_atomic_add_return_relaxed arch_atomic_add_return_relaxed
#define arch_atomic_fetch_add arch_atomic_fetch_add
#define arch_atomic_fetch_add_acquire arch_atomic_fetch_add_acquire
#define arch_atomic_fetch_add_release arch_atomic_fetch_add_release
#define arch_atomic_fetch_add_relaxed arch_atomic_fetch_add_relaxed
#define arch_atomic_sub_return arch_atomic_sub_return
#define arch_atomic_sub_return_acquire arch_atomic_sub_return_acquire
#define arch_atomic_sub_return_release arch_atomic_sub_return_release
#define arch_atomic_sub_return_relaxed arch_atomic_sub_return_relaxed
#define arch_atomic_fetch_sub arch_atomic_fetch_sub
#define arch_atomic_fetch_sub_acquire arch_atomic_fetch_sub_acquire
#define arch_atomic_fetch_sub_release arch_atomic_fetch_sub_release
#define arch_atomic_fetch_sub_relaxed arch_atomic_fetch_sub_relaxed
#define arch_atomic_fetch_and arch_atomic_fetch_and
#define arch_atomic_fetch_and_acquire arch_atomic_fetch_and_acquire
#define arch_atomic_fetch_and_release arch_atomic_fetch_and_release
#define arch_atomic_fetch_and_relaxed arch_atomic_fetch_and_relaxed
#define arch_atomic_fetch_or arch_atomic_fetch_or
#define arch_atomic_fetch_or_acquire arch_atomic_fetch_or_acquire
#define arch_atomic_fetch_or_release arch_atomic_fetch_or_release
#define arch_atomic_fetch_or_relaxed arch_atomic_fetch_or_relaxed
#define arch_atomic_fetch_xor arch_atomic_fetch_xor
#define arch_atomic_fetch_xor_acquire arch_atomic_fetch_xor_acquire
#define arch_atomic_fetch_xor_release arch_atomic_fetch_xor_release
#define arch_atomic_fetch_xor_relaxed arch_atomic_fetch_xor_relaxed
#define arch_atomic64_add_return arch_atomic64_add_return
#define arch_atomic64_add_return_acquire arch_atomic64_add_return_acquire
#define arch_atomic64_add_return_release arch_atomic64_add_return_release
#define arch_atomic64_add_return_relaxed arch_atomic64_add_return_relaxed
#define arch_atomic64_fetch_add arch_atomic64_fetch_add
#define arch_atomic64_fetch_add_acquire arch_atomic64_fetch_add_acquire
#define arch_atomic64_fetch_add_release arch_atomic64_fetch_add_release
#define arch_atomic64_fetch_add_relaxed arch_atomic64_fetch_add_relaxed
#define arch_atomic64_sub_return arch_atomic64_sub_return
#define arch_atomic64_sub_return_acquire arch_atomic64_sub_return_acquire
#define arch_atomic64_sub_return_release arch_atomic64_sub_return_release
#define arch_atomic64_sub_return_relaxed arch_atomic64_sub_return_relaxed
#define arch_atomic64_fetch_sub arch_atomic64_fetch_sub
#define arch_atomic64_fetch_sub_acquire arch_atomic64_fetch_sub_acquire
#define arch_atomic64_fetch_sub_release arch_atomic64_fetch_sub_release
#define arch_atomic64_fetch_sub_relaxed arch_atomic64_fetch_sub_relaxed
#define arch_atomic64_fetch_and arch_atomic64_fetch_and
#define arch_atomic64_fetch_and_acquire arch_atomic64_fetch_and_acquire
#define arch_atomic64_fetch_and_release arch_atomic64_fetch_and_release
#define arch_atomic64_fetch_and_relaxed arch_atomic64_fetch_and_relaxed
#define arch_atomic64_fetch_or arch_atomic64_fetch_or
#define arch_atomic64_fetch_or_acquire arch_atomic64_fetch_or_acquire
#define arch_atomic64_fetch_or_release arch_atomic64_fetch_or_release
#define arch_atomic64_fetch_or_relaxed arch_atomic64_fetch_or_relaxed
#define arch_atomic64_fetch_xor arch_atomic64_fetch_xor
#define arch_atomic64_fetch_xor_acquire arch_atomic64_fetch_xor_acquire
#define arch_atomic64_fetch_xor_release arch_atomic64_fetch_xor_release
#define arch_atomic64_fetch_xor_relaxed arch_atomic64_fetch_xor_relaxed

#include <kshim/form/raw_atomic.h>

#endif
