// SPDX-License-Identifier: GPL-2.0-only
/* The per-CPU variables that the kernel keeps together in ".data..percpu..hot". */
#include <linux/percpu.h>
#include <asm/hardirq.h>
#include <asm/processor.h>
#include <asm/smp.h>
#include <kshim/marks.h>

FAITHFUL(cpu_number, "arch/x86/kernel/setup_percpu.c");
DEFINE_PER_CPU_CACHE_HOT(int, cpu_number);
FAITHFUL(__softirq_pending, "arch/x86/kernel/irq.c");
DEFINE_PER_CPU_CACHE_HOT(u16, __softirq_pending);
REDUCED(cpu_current_top_of_stack, "arch/x86/kernel/cpu/common.c", "never set: native threads have stacks of their own");
DEFINE_PER_CPU_CACHE_HOT(unsigned long, cpu_current_top_of_stack);
