// SPDX-License-Identifier: GPL-2.0-only
/* The number of a CPU as a per-CPU variable (arch/x86/kernel/setup_percpu.c). */
#include <linux/percpu.h>
#include <linux/smp.h>
#include <kshim/form/x86_pcpu_hot.h>
#include <kshim/marks.h>

FAITHFUL(cpu_number, "arch/x86/kernel/setup_percpu.c");
DEFINE_PER_CPU_READ_MOSTLY(int, cpu_number);

void kshim_set_cpu_number(unsigned int cpu)
{
	per_cpu(cpu_number, cpu) = cpu;
}
