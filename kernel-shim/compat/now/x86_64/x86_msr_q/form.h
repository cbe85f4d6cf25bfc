/* SPDX-License-Identifier: GPL-2.0-only */
/* A register of 64 bits is called "l". asm/msr.h makes wrmsrl_safe() from wrmsr_safe(). */
#ifndef KSHIM_FORM_X86_MSR_Q_H
#define KSHIM_FORM_X86_MSR_Q_H

#define wrmsr_safe(msr, low, high)	kshim_wrmsr(msr, (u64)(high) << 32 | (u32)(low))
#define rdmsrl_safe(msr, p)		kshim_rdmsr(msr, p)
#define rdmsrl(msr, val)		((val) = kshim_rdmsr_or_warn(msr))
#define wrmsrl(msr, val)		kshim_wrmsr_or_warn(msr, val)
#define rdpmcl(counter, val)		((val) = kshim_rdpmc(counter))

#endif
