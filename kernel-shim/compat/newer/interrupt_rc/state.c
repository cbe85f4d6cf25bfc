// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts that are off and counted (kernel/softirq.c). */
#include <linux/interrupt_rc.h>
#include <linux/percpu.h>
#include <kshim/marks.h>

FAITHFUL(local_interrupt_disable_state, "kernel/softirq.c");
DEFINE_PER_CPU(unsigned long, local_interrupt_disable_state);
