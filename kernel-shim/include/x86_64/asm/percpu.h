/* SPDX-License-Identifier: GPL-2.0-only */
/* What x86's asm/percpu.h adds to the common one: stable reads, bit tests and per-CPU data of early boot. */
#ifndef _ASM_X86_PERCPU_H
#define _ASM_X86_PERCPU_H

#include_next <asm/percpu.h>

#ifndef __ASSEMBLY__

#define this_cpu_read_stable(pcp)	this_cpu_read(pcp)
/* An lvalue, so that the type of a constant is not a constant one: raw_cpu_read() declares a variable of that type. */
#define this_cpu_read_const(pcp)	(*raw_cpu_ptr(&(pcp)))
#define raw_cpu_read_long(pcp)		raw_cpu_read_8(pcp)

#define x86_this_cpu_test_bit(nr, var)						\
	arch_test_bit(nr, (unsigned long *)raw_cpu_ptr((unsigned long __percpu *)&(var)))

/* Per-CPU areas exist before any kernel code runs, so there is no early map. */
#define DEFINE_EARLY_PER_CPU(type, name, value)			DEFINE_PER_CPU(type, name) = value
#define DEFINE_EARLY_PER_CPU_READ_MOSTLY(type, name, value)	DEFINE_PER_CPU(type, name) = value
#define EXPORT_EARLY_PER_CPU_SYMBOL(name)			EXPORT_PER_CPU_SYMBOL(name)
#define DECLARE_EARLY_PER_CPU(type, name)			DECLARE_PER_CPU(type, name)
#define DECLARE_EARLY_PER_CPU_READ_MOSTLY(type, name)		DECLARE_PER_CPU(type, name)
#define early_per_cpu(name, cpu)				per_cpu(name, cpu)
#define early_per_cpu_ptr(name)					NULL
#define DECLARE_INIT_PER_CPU(var)				extern typeof(var) init_per_cpu__##var
#define init_per_cpu_var(var)					var

DECLARE_PER_CPU_READ_MOSTLY(unsigned long, this_cpu_off);

#endif
#endif
