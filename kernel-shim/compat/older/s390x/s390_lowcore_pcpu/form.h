/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU's lowcore did not point to its struct pcpu, which was private to arch/s390/kernel/smp.c. */
#ifndef KSHIM_FORM_S390_LOWCORE_PCPU_H
#define KSHIM_FORM_S390_LOWCORE_PCPU_H

struct lowcore;

static inline void kshim_boot_pcpu(struct lowcore *lc, unsigned int cpu)
{
}

#endif
