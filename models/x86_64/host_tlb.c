// SPDX-License-Identifier: GPL-2.0-only
/* The TLB of one CPU for the host's own address spaces; see host_tlb.h. */
#include "host_tlb.h"

#define PAGE_BITS 12

static uint64_t page_of(uint64_t addr)
{
	return addr >> PAGE_BITS << PAGE_BITS;
}

static struct x86_host_tlb_entry *slot_of(struct x86_host_tlb *t, uint64_t space, uint64_t addr)
{
	return &t->entry[((addr >> PAGE_BITS) ^ space) % X86_HOST_TLB_ENTRIES];
}

static bool holds(const struct x86_host_tlb_entry *e, uint64_t space, uint64_t addr)
{
	return e->space == space && e->page == page_of(addr);
}

const struct x86_host_tlb_entry *x86_host_tlb_lookup(struct x86_host_tlb *t, uint64_t space, uint64_t addr)
{
	struct x86_host_tlb_entry *e = slot_of(t, space, addr);

	return holds(e, space, addr) ? e : NULL;
}

void x86_host_tlb_fill(struct x86_host_tlb *t, uint64_t space, uint64_t addr, uint64_t size, uint64_t pfn, bool write)
{
	*slot_of(t, space, addr) = (struct x86_host_tlb_entry){
		.space = space, .page = page_of(addr), .start = addr & ~(size - 1),
		.end = (addr & ~(size - 1)) + size, .pfn = pfn, .write = write,
	};
}

void x86_host_tlb_drop(struct x86_host_tlb *t, uint64_t space, uint64_t addr)
{
	struct x86_host_tlb_entry *e = slot_of(t, space, addr);

	if (holds(e, space, addr))
		e->space = 0;
}

unsigned int x86_host_tlb_flush(struct x86_host_tlb *t, uint64_t space, uint64_t start, uint64_t end)
{
	struct x86_host_tlb_entry *e;
	unsigned int n = 0;

	for (e = t->entry; e < t->entry + X86_HOST_TLB_ENTRIES; e++) {
		if (e->space && (!space || e->space == space) && e->start < end && start < e->end) {
			e->space = 0;
			n++;
		}
	}
	return n;
}
