/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/atomic_ops.h with the compiler's atomics: the operations below atomic_t and the bit operations. */
#ifndef __ARCH_S390_ATOMIC_OPS__
#define __ARCH_S390_ATOMIC_OPS__

#include <linux/limits.h>
#include <linux/types.h>
#include <kshim/sched.h>

#define KSHIM_S390_ATOMIC_ACCESS(name, type)					\
static __always_inline type __##name##_read(const name##_t *v)			\
{										\
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);			\
}										\
static __always_inline void __##name##_set(name##_t *v, type i)			\
{										\
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);			\
}

/* __atomic_add(val, ptr) and __atomic_add_barrier(val, ptr); they return the old value. */
#define KSHIM_S390_ATOMIC_OP(name, type, op)					\
static __always_inline type __##name##_##op(type val, type *ptr)		\
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);				\
	return __atomic_fetch_##op(ptr, val, __ATOMIC_SEQ_CST);			\
}										\
static __always_inline type __##name##_##op##_barrier(type val, type *ptr)	\
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);				\
	return __atomic_fetch_##op(ptr, val, __ATOMIC_SEQ_CST);			\
}

#define KSHIM_S390_ATOMIC_TYPE(name, type)					\
	KSHIM_S390_ATOMIC_ACCESS(name, type)					\
	KSHIM_S390_ATOMIC_OP(name, type, add)					\
	KSHIM_S390_ATOMIC_OP(name, type, and)					\
	KSHIM_S390_ATOMIC_OP(name, type, or)					\
	KSHIM_S390_ATOMIC_OP(name, type, xor)					\
static __always_inline void __##name##_add_const(type val, type *ptr)		\
{										\
	__##name##_add(val, ptr);						\
}										\
static __always_inline void __##name##_add_const_barrier(type val, type *ptr)	\
{										\
	__##name##_add(val, ptr);						\
}										\
static __always_inline type __##name##_cmpxchg(type *ptr, type old, type new)	\
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);				\
	return __sync_val_compare_and_swap(ptr, old, new);			\
}										\
static __always_inline bool __##name##_cmpxchg_bool(type *ptr, type old, type new) \
{										\
	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);				\
	return __sync_bool_compare_and_swap(ptr, old, new);			\
}

KSHIM_S390_ATOMIC_TYPE(atomic, int)
KSHIM_S390_ATOMIC_TYPE(atomic64, long)

#endif
