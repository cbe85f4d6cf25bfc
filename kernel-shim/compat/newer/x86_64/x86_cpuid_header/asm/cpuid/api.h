/* SPDX-License-Identifier: GPL-2.0-only */
/* What asm/cpuid.h of the shim is for 6.12. asm/processor.h and asm/string.h come without CONFIG_PARAVIRT_XXL. */
#ifndef KSHIM_ASM_CPUID_API_H
#define KSHIM_ASM_CPUID_API_H

#include <linux/types.h>
#include <asm/processor.h>
#include <asm/string.h>
#include <asm/paravirt.h>

/* *eax and *ecx select the leaf and the subleaf; all four are results. */
void kshim_cpuid(unsigned int *eax, unsigned int *ebx, unsigned int *ecx, unsigned int *edx);

#define __cpuid kshim_cpuid
#define CONFIG_PARAVIRT_XXL 1
#include_next <asm/cpuid/api.h>
#undef CONFIG_PARAVIRT_XXL

#endif
