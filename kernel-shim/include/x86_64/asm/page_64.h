/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/page_64.h with page operations in C. Every kernel address of simulated RAM is in the linear mapping. */
#ifndef KSHIM_ASM_PAGE_64_H
#define KSHIM_ASM_PAGE_64_H

#define __phys_addr_nodebug	__unused_phys_addr_nodebug
#define clear_page		__unused_clear_page
#define copy_page		__unused_copy_page
#include_next <asm/page_64.h>
#undef __phys_addr_nodebug
#undef clear_page
#undef clear_pages
#undef copy_page

#ifndef __ASSEMBLY__

static __always_inline unsigned long __phys_addr_nodebug(unsigned long x)
{
	return x - page_offset_base;
}

static inline void clear_page(void *page)
{
	__builtin_memset(page, 0, PAGE_SIZE);
}

static inline void kshim_clear_pages(void *page, unsigned int npages)
{
	__builtin_memset(page, 0, (unsigned long)npages * PAGE_SIZE);
}
#define clear_pages kshim_clear_pages

static inline void copy_page(void *to, void *from)
{
	__builtin_memcpy(to, from, PAGE_SIZE);
}

#endif
#endif
