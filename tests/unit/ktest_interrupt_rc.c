// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of interrupts that are off and counted: see tests/unit/test_interrupt_rc.c. */
#include <linux/interrupt_rc.h>
#include <linux/irqflags.h>
#include "ktest_interrupt_rc.h"

int ktest_interrupts_counted(void)
{
	int seen = 0;

	local_interrupt_disable();
	local_interrupt_disable();
	seen |= irqs_disabled();
	local_interrupt_enable();
	seen |= irqs_disabled() << 1;
	local_interrupt_enable();
	seen |= !irqs_disabled() << 2;
	local_irq_disable();
	local_interrupt_disable();
	local_interrupt_enable();
	seen |= irqs_disabled() << 3;
	local_irq_enable();
	return seen;
}
