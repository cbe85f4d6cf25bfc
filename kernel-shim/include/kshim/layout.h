/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where simulated memory lies. The kernel's headers include this file, so all of the kernel's files depend on it: it
 * includes nothing.
 */
#ifndef KSHIM_LAYOUT_H
#define KSHIM_LAYOUT_H

/*
 * Host addresses, bytes. RAM is the kernel's linear mapping: physical address 0 is at KSHIM_RAM_BASE. If the kernel's
 * linear mapping is the identity, KSHIM_RAM_BASE is the address of its first page frame, ARCH_PFN_OFFSET.
 */
#ifdef __SANITIZE_THREAD__
#define KSHIM_RAM_BASE		0x7e9000000000UL	/* the last range that ThreadSanitizer leaves to the program */
#else
#define KSHIM_RAM_BASE		0x101000000000UL
#endif
#define KSHIM_RAM_MAX		0x001000000000UL	/* 64 GiB */
#define KSHIM_VMALLOC_BASE	(KSHIM_RAM_BASE + KSHIM_RAM_MAX)
#define KSHIM_VMALLOC_SIZE	0x004000000000UL	/* 256 GiB of addresses */
#define KSHIM_VMALLOC_END	(KSHIM_VMALLOC_BASE + KSHIM_VMALLOC_SIZE)
#define KSHIM_MEMMAP_BASE	KSHIM_VMALLOC_END	/* struct page array, a little over 1 GiB at most */
#define KSHIM_PAGEINFO_BASE	(KSHIM_MEMMAP_BASE + 0x100000000UL)	/* the shim's own record per page */
#define KSHIM_PERCPU_BASE	(KSHIM_PAGEINFO_BASE + 0x100000000UL)
#define KSHIM_PERCPU_UNIT	0x000000800000UL	/* 8 MiB of addresses per simulated CPU */
#define KSHIM_META_BASE		(KSHIM_PERCPU_BASE + 0x100000000UL)	/* allocator records, outside simulated RAM */
#define KSHIM_META_SIZE		0x000400000000UL	/* 16 GiB of addresses */

/*
 * Page frames below this are reserved, like the low megabyte of a PC. One of them is the shared zero page. Both numbers
 * count from ARCH_PFN_OFFSET.
 */
#define KSHIM_RESERVED_PAGES	256UL
#define KSHIM_ZERO_PFN		1UL

#endif
