/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of a CPU and its current task are per-CPU variables of their own. */
#ifndef KSHIM_FORM_X86_PCPU_HOT_H
#define KSHIM_FORM_X86_PCPU_HOT_H

#include <linux/percpu.h>
#include <asm/smp.h>

static inline void kshim_set_cpu_number(unsigned int cpu)
{
	per_cpu(cpu_number, cpu) = cpu;
}

#endif
