/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/pgtable.h with the vmalloc area of kshim/layout.h, and the shared zero page in simulated RAM. */
#include_next <asm/pgtable.h>

#ifndef KSHIM_ARM64_PGTABLE_H
#define KSHIM_ARM64_PGTABLE_H

#include <kshim/layout.h>

#undef VMALLOC_START
#define VMALLOC_START	KSHIM_VMALLOC_BASE
#undef VMALLOC_END
#define VMALLOC_END	KSHIM_VMALLOC_END

#ifndef __ASSEMBLY__

/* Newer kernels have one ZERO_PAGE() for all architectures, which returns a page that kshim_mm_boot() sets. */
#ifdef ZERO_PAGE
#undef ZERO_PAGE
#define ZERO_PAGE(vaddr) ((void)(vaddr), pfn_to_page(ARCH_PFN_OFFSET + KSHIM_ZERO_PFN))
#endif

#endif
#endif
