// SPDX-License-Identifier: GPL-2.0-only
/* The per-CPU data that the kernel keeps in one cache line (arch/x86/kernel/cpu/common.c). */
#include <linux/percpu.h>
#include <asm/current.h>
#include <kshim/marks.h>

REDUCED(pcpu_hot, "arch/x86/kernel/cpu/common.c", "only cpu_number, softirq_pending and top_of_stack are used");
DEFINE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot);
