/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU's lowcore points to its struct pcpu. */
#ifndef KSHIM_FORM_S390_LOWCORE_PCPU_H
#define KSHIM_FORM_S390_LOWCORE_PCPU_H

struct lowcore;

/* Initialises the struct pcpu of a CPU and lets its lowcore point to it. */
void kshim_boot_pcpu(struct lowcore *lc, unsigned int cpu);

#endif
