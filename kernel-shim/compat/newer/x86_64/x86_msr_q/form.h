/* SPDX-License-Identifier: GPL-2.0-only */
/* A register of 64 bits is called "q". asm/msr.h makes wrmsr_safe() from wrmsrq_safe(). */
#ifndef KSHIM_FORM_X86_MSR_Q_H
#define KSHIM_FORM_X86_MSR_Q_H

#define wrmsrq_safe(msr, val)	kshim_wrmsr(msr, val)
#define rdmsrq_safe(msr, p)	kshim_rdmsr(msr, p)
#define rdmsrq(msr, val)	((val) = kshim_rdmsr_or_warn(msr))
#define wrmsrq(msr, val)	kshim_wrmsr_or_warn(msr, val)
#define rdpmc(counter)		kshim_rdpmc(counter)

#endif
