/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of a CPU is in pcpu_hot. */
#ifndef KSHIM_FORM_X86_PCPU_HOT_H
#define KSHIM_FORM_X86_PCPU_HOT_H

#include <linux/percpu.h>
#include <asm/current.h>

static inline void kshim_set_cpu_number(unsigned int cpu)
{
	per_cpu(pcpu_hot, cpu).cpu_number = cpu;
}

#endif
