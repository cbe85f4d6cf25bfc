/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * s390's asm/page.h of a kernel whose code relies on the linear mapping being the identity: the absolute address where
 * the simulated RAM begins is its host address.
 */
#ifndef __ASSEMBLY__
#include <kshim/layout.h>
#define ARCH_PFN_OFFSET	(KSHIM_RAM_BASE >> 12)
#endif

#include_next <asm/page.h>

#ifndef __ASSEMBLY__
/* Like asm-generic/page.h; s390 had sparse memory only. */
extern unsigned long max_mapnr;
#define pfn_valid(pfn)	((pfn) >= ARCH_PFN_OFFSET && (pfn) - ARCH_PFN_OFFSET < max_mapnr)
#endif
