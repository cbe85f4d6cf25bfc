/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64's asm/memory.h with the linear mapping where simulated RAM lies, and one array of struct page (FLATMEM).
 * virt_to_phys() and phys_to_virt() are overrides, because they take the kernel's PAGE_OFFSET.
 */
/* As in the kernel's header: asm-generic/memory_model.h, which comes first, would take another one. */
#define ARCH_PFN_OFFSET		((unsigned long)PHYS_PFN_OFFSET)

#include_next <asm/memory.h>

#ifndef KSHIM_ARM64_MEMORY_H
#define KSHIM_ARM64_MEMORY_H

#include <kshim/layout.h>

/* KSHIM_RAM_BASE is a multiple of KSHIM_RAM_MAX, so that __phys_to_virt() may put them together with OR. */
#undef PAGE_OFFSET
#define PAGE_OFFSET	KSHIM_RAM_BASE
#undef PAGE_END
#define PAGE_END	(KSHIM_RAM_BASE + KSHIM_RAM_MAX)

#ifndef __ASSEMBLY__

#undef page_to_virt
#define page_to_virt(page)	__va(page_to_phys(page))
#undef virt_to_page
#define virt_to_page(addr)	pfn_to_page(virt_to_pfn((const void *)(addr)))

#endif
#endif
