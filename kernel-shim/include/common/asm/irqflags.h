/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/irqflags.h: the interrupt flag of the simulated CPU that the calling native thread plays.
 *
 * Flags words hold 1 while interrupts are off and 0 while they are on. kshim_irq_disable() takes the CPU's interrupt
 * lock, so that no other thread runs an interrupt on it, then sets kshim_irqs_off. kshim_irq_enable() clears it and
 * releases the lock. Both are declared in kshim/sched.h and called only when the flag changes.
 */
#ifndef _ASM_IRQFLAGS_H
#define _ASM_IRQFLAGS_H

#ifndef __ASSEMBLY__

#include <linux/compiler.h>
#include <linux/types.h>
#include <kshim/sched.h>

static __always_inline unsigned long arch_local_save_flags(void)
{
	return kshim_irqs_off;
}

static __always_inline void arch_local_irq_disable(void)
{
	if (!kshim_irqs_off)
		kshim_irq_disable();
}

static __always_inline void arch_local_irq_enable(void)
{
	if (kshim_irqs_off)
		kshim_irq_enable();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = kshim_irqs_off;

	arch_local_irq_disable();
	return flags;
}

static __always_inline bool arch_irqs_disabled_flags(unsigned long flags)
{
	return flags;
}

static __always_inline bool arch_irqs_disabled(void)
{
	return kshim_irqs_off;
}

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	if (!flags)
		arch_local_irq_enable();
	else
		arch_local_irq_disable();
}

#endif
#endif
