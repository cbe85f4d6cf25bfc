/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/arm64: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_ARM64_INTERNAL_H
#define KSHIM_ARCH_ARM64_INTERNAL_H

/* sysreg.c */
void kshim_sysreg_boot_cpu(unsigned int cpu);

#endif
