/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/pgtable.h with the shared zero page in simulated RAM instead of the kernel image (empty_zero_page). */
#include_next <asm/pgtable.h>

#ifndef KSHIM_ASM_PGTABLE_H
#define KSHIM_ASM_PGTABLE_H
#ifndef __ASSEMBLY__

#include <kshim/layout.h>

/* Newer kernels have one ZERO_PAGE() for all architectures, which returns a page that kshim_mm_boot() sets. */
#ifdef ZERO_PAGE
#undef ZERO_PAGE
#define ZERO_PAGE(vaddr) ((void)(vaddr), pfn_to_page(KSHIM_ZERO_PFN))
#endif

#endif
#endif
