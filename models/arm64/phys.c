// SPDX-License-Identifier: GPL-2.0-only
/* An access of the processor to simulated memory. */
#include <linux/irqflags.h>
#include <kshim/hw.h>

unsigned long kshim_hw_access_begin(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void kshim_hw_access_end(unsigned long flags)
{
	local_irq_restore(flags);
}
