/* SPDX-License-Identifier: GPL-2.0-only */
/* What x86's asm/irqflags.h adds to the common one: names for the CPU's own flag, and halting, which is not allowed. */
#ifndef _X86_IRQFLAGS_H_
#define _X86_IRQFLAGS_H_

#include <asm/processor-flags.h>
#include_next <asm/irqflags.h>

#ifndef __ASSEMBLY__

#include <asm/nospec-branch.h>

static __always_inline unsigned long native_save_fl(void)
{
	return arch_irqs_disabled() ? 0 : X86_EFLAGS_IF;
}

#define native_irq_disable()	arch_local_irq_disable()
#define native_irq_enable()	arch_local_irq_enable()

/* Not defined anywhere: a simulated CPU never idles. */
void kshim_halt(void);

static inline void halt(void)
{
	kshim_halt();
}

static inline void arch_safe_halt(void)
{
	kshim_halt();
}

#define native_safe_halt()	arch_safe_halt()
#define native_halt()		halt()

#endif
#endif
