// SPDX-License-Identifier: GPL-2.0-only
/* A CPU's lowcore points to its struct pcpu, which is a per-CPU variable (arch/s390/kernel/smp.c). */
#include <linux/percpu.h>
#include <asm/lowcore.h>
#include <asm/smp.h>
#include <kshim/form/s390_lowcore_pcpu.h>
#include <kshim/marks.h>

FAITHFUL(pcpu_devices, "arch/s390/kernel/smp.c");
DEFINE_PER_CPU(struct pcpu, pcpu_devices);

void kshim_boot_pcpu(struct lowcore *lc, unsigned int cpu)
{
	lc->pcpu = (unsigned long)per_cpu_ptr(&pcpu_devices, cpu);
	per_cpu(pcpu_devices, cpu).address = cpu;
}
