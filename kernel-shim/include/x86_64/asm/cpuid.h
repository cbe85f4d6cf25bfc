/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's asm/cpuid.h on the model's CPU. It includes the header as a paravirtualised kernel does, whose CPUID is a hook
 * called __cpuid(). The header's native_cpuid() remains unused.
 */
#ifndef KSHIM_ASM_CPUID_H
#define KSHIM_ASM_CPUID_H

#include <linux/types.h>
#include <asm/paravirt.h>

/* *eax and *ecx select the leaf and the subleaf; all four are results. */
void kshim_cpuid(unsigned int *eax, unsigned int *ebx, unsigned int *ecx, unsigned int *edx);

#define __cpuid kshim_cpuid
#define CONFIG_PARAVIRT_XXL 1
#include_next <asm/cpuid.h>
#undef CONFIG_PARAVIRT_XXL

#endif
