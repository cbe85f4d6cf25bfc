// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts while a CPU accesses memory: they are off, and what the architecture adds keeps its translation valid. */
#include <linux/irqflags.h>
#include "access.h"
#include <kshim/hw.h>

/* Code that frees tables or pages flushes the TLB before, and that waits for an interrupt; RCU waits, too. */
unsigned long kshim_hw_access_begin(void)
{
	unsigned long flags;

	local_irq_save(flags);
	model_access_enter();
	return flags;
}

void kshim_hw_access_end(unsigned long flags)
{
	model_access_leave();
	local_irq_restore(flags);
}
