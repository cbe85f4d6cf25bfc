/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's asm/processor.h on the model's CPU. It had what is in asm/cpuid.h now, and is included like that header: as a
 * paravirtualised kernel does. What it includes itself is included before, without that.
 */
#ifndef KSHIM_ASM_PROCESSOR_H
#define KSHIM_ASM_PROCESSOR_H

#include <asm/processor-flags.h>

struct task_struct;
struct mm_struct;
struct io_bitmap;
struct vm86;

#include <asm/math_emu.h>
#include <asm/segment.h>
#include <asm/types.h>
#include <uapi/asm/sigcontext.h>
#include <asm/current.h>
#include <asm/cpufeatures.h>
#include <asm/page.h>
#include <asm/pgtable_types.h>
#include <asm/percpu.h>
#include <asm/msr.h>
#include <asm/desc_defs.h>
#include <asm/nops.h>
#include <asm/special_insns.h>
#include <asm/fpu/types.h>
#include <asm/paravirt.h>

/* See asm/cpuid.h of the shim. */
void kshim_cpuid(unsigned int *eax, unsigned int *ebx, unsigned int *ecx, unsigned int *edx);

#define __cpuid kshim_cpuid
#define CONFIG_PARAVIRT_XXL 1
#include_next <asm/processor.h>
#undef CONFIG_PARAVIRT_XXL

static inline void load_sp0(unsigned long sp0)
{
	native_load_sp0(sp0);
}

#endif
