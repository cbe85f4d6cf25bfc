/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/fpu/xcr.h on the model's extended control registers. */
#ifndef _ASM_X86_FPU_XCR_H
#define _ASM_X86_FPU_XCR_H

#include <linux/types.h>

#define XCR_XFEATURE_ENABLED_MASK	0x00000000
#define XCR_XFEATURE_IN_USE_MASK	0x00000001

/* This CPU's extended control register number index. */
u64 kshim_xgetbv(u32 index);
void kshim_xsetbv(u32 index, u64 value);

static __always_inline u64 xgetbv(u32 index)
{
	return kshim_xgetbv(index);
}

static inline void xsetbv(u32 index, u64 value)
{
	kshim_xsetbv(index, value);
}

static __always_inline u64 xfeatures_in_use(void)
{
	return xgetbv(XCR_XFEATURE_IN_USE_MASK);
}

#endif
