/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/percpu.h: per-CPU data of the simulated CPU that the calling native thread plays now.
 *
 * kshim_cpu_offset is that CPU's entry of __per_cpu_offset[]. core/sched/cpu.c sets it when a thread attaches, and
 * changes it while a thread runs an interrupt for another CPU. this_cpu operations are atomic with respect to such an
 * interrupt, like the single instructions of x86; raw_cpu and __this_cpu operations are not.
 *
 * All initial values are in one section; the linker provides its bounds: __start_sim_percpu, __stop_sim_percpu.
 */
#ifndef _ASM_PERCPU_H
#define _ASM_PERCPU_H

#define PER_CPU_BASE_SECTION "sim_percpu"

#ifndef __ASSEMBLY__


extern __thread unsigned long kshim_cpu_offset;
#define __my_cpu_offset kshim_cpu_offset

#include <linux/percpu-defs.h>

/* Subsections would have names that are not C identifiers; the linker provides no bounds for those. */
#undef PER_CPU_SHARED_ALIGNED_SECTION
#define PER_CPU_SHARED_ALIGNED_SECTION ""
#undef PER_CPU_ALIGNED_SECTION
#define PER_CPU_ALIGNED_SECTION ""
#undef PER_CPU_FIRST_SECTION
#define PER_CPU_FIRST_SECTION ""
#undef DECLARE_PER_CPU_PAGE_ALIGNED
#define DECLARE_PER_CPU_PAGE_ALIGNED(type, name) DECLARE_PER_CPU_SECTION(type, name, "") __aligned(PAGE_SIZE)
#undef DEFINE_PER_CPU_PAGE_ALIGNED
#define DEFINE_PER_CPU_PAGE_ALIGNED(type, name) DEFINE_PER_CPU_SECTION(type, name, "") __aligned(PAGE_SIZE)
#undef DECLARE_PER_CPU_READ_MOSTLY
#define DECLARE_PER_CPU_READ_MOSTLY(type, name) DECLARE_PER_CPU_SECTION(type, name, "")
#undef DEFINE_PER_CPU_READ_MOSTLY
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU_SECTION(type, name, "")

#define __kshim_cpu_read(pcp) __atomic_load_n(raw_cpu_ptr(&(pcp)), __ATOMIC_RELAXED)
#define __kshim_cpu_write(pcp, val) __atomic_store_n(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED)
#define __kshim_cpu_add(pcp, val) ((void)__atomic_fetch_add(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED))
#define __kshim_cpu_and(pcp, val) ((void)__atomic_fetch_and(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED))
#define __kshim_cpu_or(pcp, val) ((void)__atomic_fetch_or(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED))
#define __kshim_cpu_add_return(pcp, val) __atomic_add_fetch(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED)
#define __kshim_cpu_xchg(pcp, val) __atomic_exchange_n(raw_cpu_ptr(&(pcp)), val, __ATOMIC_RELAXED)
#define __kshim_cpu_try_cmpxchg(pcp, oldp, val)					\
	__atomic_compare_exchange_n(raw_cpu_ptr(&(pcp)), oldp, val, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define __kshim_cpu_cmpxchg(pcp, old, val)					\
({										\
	typeof(pcp) __pold = (old);						\
	__kshim_cpu_try_cmpxchg(pcp, &__pold, val);				\
	__pold;									\
})

#define this_cpu_read_1(pcp) __kshim_cpu_read(pcp)
#define this_cpu_read_2(pcp) __kshim_cpu_read(pcp)
#define this_cpu_read_4(pcp) __kshim_cpu_read(pcp)
#define this_cpu_read_8(pcp) __kshim_cpu_read(pcp)
#define this_cpu_write_1(pcp, val) __kshim_cpu_write(pcp, val)
#define this_cpu_write_2(pcp, val) __kshim_cpu_write(pcp, val)
#define this_cpu_write_4(pcp, val) __kshim_cpu_write(pcp, val)
#define this_cpu_write_8(pcp, val) __kshim_cpu_write(pcp, val)
#define this_cpu_add_1(pcp, val) __kshim_cpu_add(pcp, val)
#define this_cpu_add_2(pcp, val) __kshim_cpu_add(pcp, val)
#define this_cpu_add_4(pcp, val) __kshim_cpu_add(pcp, val)
#define this_cpu_add_8(pcp, val) __kshim_cpu_add(pcp, val)
#define this_cpu_and_1(pcp, val) __kshim_cpu_and(pcp, val)
#define this_cpu_and_2(pcp, val) __kshim_cpu_and(pcp, val)
#define this_cpu_and_4(pcp, val) __kshim_cpu_and(pcp, val)
#define this_cpu_and_8(pcp, val) __kshim_cpu_and(pcp, val)
#define this_cpu_or_1(pcp, val) __kshim_cpu_or(pcp, val)
#define this_cpu_or_2(pcp, val) __kshim_cpu_or(pcp, val)
#define this_cpu_or_4(pcp, val) __kshim_cpu_or(pcp, val)
#define this_cpu_or_8(pcp, val) __kshim_cpu_or(pcp, val)
#define this_cpu_add_return_1(pcp, val) __kshim_cpu_add_return(pcp, val)
#define this_cpu_add_return_2(pcp, val) __kshim_cpu_add_return(pcp, val)
#define this_cpu_add_return_4(pcp, val) __kshim_cpu_add_return(pcp, val)
#define this_cpu_add_return_8(pcp, val) __kshim_cpu_add_return(pcp, val)
#define this_cpu_xchg_1(pcp, val) __kshim_cpu_xchg(pcp, val)
#define this_cpu_xchg_2(pcp, val) __kshim_cpu_xchg(pcp, val)
#define this_cpu_xchg_4(pcp, val) __kshim_cpu_xchg(pcp, val)
#define this_cpu_xchg_8(pcp, val) __kshim_cpu_xchg(pcp, val)
#define this_cpu_cmpxchg_1(pcp, old, val) __kshim_cpu_cmpxchg(pcp, old, val)
#define this_cpu_cmpxchg_2(pcp, old, val) __kshim_cpu_cmpxchg(pcp, old, val)
#define this_cpu_cmpxchg_4(pcp, old, val) __kshim_cpu_cmpxchg(pcp, old, val)
#define this_cpu_cmpxchg_8(pcp, old, val) __kshim_cpu_cmpxchg(pcp, old, val)
#define this_cpu_try_cmpxchg_1(pcp, oldp, val) __kshim_cpu_try_cmpxchg(pcp, oldp, val)
#define this_cpu_try_cmpxchg_2(pcp, oldp, val) __kshim_cpu_try_cmpxchg(pcp, oldp, val)
#define this_cpu_try_cmpxchg_4(pcp, oldp, val) __kshim_cpu_try_cmpxchg(pcp, oldp, val)
#define this_cpu_try_cmpxchg_8(pcp, oldp, val) __kshim_cpu_try_cmpxchg(pcp, oldp, val)
#define this_cpu_cmpxchg64(pcp, old, val) __kshim_cpu_cmpxchg(pcp, old, val)
#define this_cpu_try_cmpxchg64(pcp, oldp, val) __kshim_cpu_try_cmpxchg(pcp, oldp, val)

#include <asm-generic/percpu.h>

#endif
#endif
