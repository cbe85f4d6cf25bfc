/* SPDX-License-Identifier: GPL-2.0-only */
/* The modelled processor's fixed properties and its registers: cpuid.c, msr.c. */
#ifndef MODEL_X86_64_CPU_H
#define MODEL_X86_64_CPU_H

#include <linux/types.h>

#define MODEL_MAXPHYADDR 46	/* width of physical addresses of the machine, host and guest */
#define MODEL_VIRT_BITS 48	/* width of linear addresses */

/* Which vendor's processor CPUID describes. Set it before the kernel looks. */
extern bool x86_cpu_is_intel;
/* Sets the registers of one CPU to what a booted Linux leaves in them. Its per-cpu area must exist. */
void x86_cpu_boot(unsigned int cpu);

#endif
