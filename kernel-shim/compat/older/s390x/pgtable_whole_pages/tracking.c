// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two page tables without PGSTEs shared a page: the checks of the halves, and that nobody uses an entry of such a table
 * as if it had a PGSTE. Page tables that are not marked (see pgtable_has_pgste) cannot be told apart.
 */
#include <linux/mm.h>
#include <asm/pgalloc.h>
#include <asm/pgtable.h>
#include <kshim/form/pgtable_has_pgste.h>
#include <kshim/host.h>
#include <kshim/insn.h>
#include "../../../../checkers/s390x/checkers.h"

/* Bits 24 to 31 of the page's _refcount; see arch/s390/mm/pgalloc.c. */
#define HALF_ALLOCATED(half) (0x01u << (half))
#define HALF_PENDING(half) (0x10u << (half))
#define WHOLE_PAGE (PGTABLE_PGSTE >> 24 | HALF_ALLOCATED(0) | HALF_ALLOCATED(1))

static unsigned int tracking_byte(const struct page *page)
{
	return (u32)atomic_read(&page->_refcount) >> 24;
}

void kshim_pgste_used(const void *pte)
{
	unsigned int byte = tracking_byte(virt_to_page(pte));
	bool lower = offset_in_page(pte) < PAGE_SIZE / 2;

	if (!KSHIM_TABLES_ARE_MARKED)	/* nobody can tell */
		return;
	/* 0: tables of shadow gmaps, which are not tracked. */
	if (byte && byte != WHOLE_PAGE)
		host_check("pgste",
			   "an entry of a 2 KiB page table, in the %s of its page, is used as if it had a PGSTE: that is %s",
			   lower ? "lower half" : "upper half",
			   lower ? "an entry of the table in the upper half" : "in the next page");
}

void kshim_check_tracking(struct kshim_pgste_check *c, const u64 *table, u64 addr)
{
	const struct page *page = virt_to_page(table);
	unsigned int half = offset_in_page(table) / (PAGE_SIZE / 2), byte = tracking_byte(page), i;
	const u64 *other = table + (half ? -PTRS_PER_PTE : PTRS_PER_PTE);
	const char *problem = NULL;

	if (!KSHIM_TABLES_ARE_MARKED)
		return;
	if ((page_ref_count(page) & 0xffffff) != 1)
		problem = "the page has other references";
	else if (byte == WHOLE_PAGE)
		problem = half ? "a table with PGSTEs in the upper half of the page" : NULL;
	else if ((byte & ~0x33u) || (byte & byte >> 4 & 3))
		problem = "the halves cannot have this state";
	else if (!(byte & HALF_ALLOCATED(half)))
		problem = "the table's half is not allocated";
	else if (!(byte & (HALF_ALLOCATED(!half) | HALF_PENDING(!half))))
		for (i = 0; i < PTRS_PER_PTE && !problem; i++)
			if (READ_ONCE(other[i]) != _PAGE_INVALID)
				problem = "something in the half that is nobody's";
	if (!problem)
		return;
	++*c->findings;
	host_check("pgste", "page table of process %d at address %llx: %s; the page's tracking byte is %#x",
		   c->pid, addr, problem, byte);
}
