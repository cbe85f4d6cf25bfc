/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB of one CPU for the host's own address spaces, which kernel code uses to reach user memory. Only flushes, and
 * entries for the same slot, remove entries.
 *
 * It is direct-mapped by 4 KiB page. A space is a number that the kernel never reuses. Not locked: only its own CPU
 * uses it, with interrupts off. Needs nothing of the kernel, so that unit tests can use it. All zero is empty.
 */
#ifndef MODEL_X86_64_HOST_TLB_H
#define MODEL_X86_64_HOST_TLB_H

#include <kshim/types.h>

#define X86_HOST_TLB_ENTRIES 256	/* a power of two */

struct x86_host_tlb_entry {
	uint64_t space;		/* 0: empty */
	uint64_t page;		/* address of the 4 KiB page */
	uint64_t start, end;	/* what the page-table entry maps: 4 KiB, 2 MiB or 1 GiB */
	uint64_t pfn;		/* frame of the 4 KiB page */
	bool write;		/* the entry is writable and dirty */
};

struct x86_host_tlb {
	struct x86_host_tlb_entry entry[X86_HOST_TLB_ENTRIES];
};

/* Returns the entry for the 4 KiB page of addr, or NULL. */
const struct x86_host_tlb_entry *x86_host_tlb_lookup(struct x86_host_tlb *t, uint64_t space, uint64_t addr);
/* size: bytes that the page-table entry maps, a power of two. pfn: of the 4 KiB page at addr. */
void x86_host_tlb_fill(struct x86_host_tlb *t, uint64_t space, uint64_t addr, uint64_t size, uint64_t pfn, bool write);
/* Drops the entry for the 4 KiB page of addr. */
void x86_host_tlb_drop(struct x86_host_tlb *t, uint64_t space, uint64_t addr);
/* Drops the entries of a space (0: of all) whose page-table entry maps a part of start..end. Returns how many. */
unsigned int x86_host_tlb_flush(struct x86_host_tlb *t, uint64_t space, uint64_t start, uint64_t end);

#endif
