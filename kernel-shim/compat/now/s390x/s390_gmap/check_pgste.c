// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of PGSTEs: guests use only page tables that have them, and nobody writes PGSTEs of other tables.
 *
 * If a table without PGSTEs is treated like one with them, the memory behind it is corrupted where such tables have 2
 * KiB (6.1): its PGSTEs would be the entries of the table in the other half of the page, or lie in the next page. So
 * each use of an entry as a PGSTE is checked when it happens. After each step these are checked: what _refcount says of
 * the two halves, the half that belongs to nobody, and each entry by itself. Where all tables have 4 KiB (6.12), the
 * second half shows what would have been corrupted.
 */
#include <linux/mm.h>
#include <linux/rculist.h>
#include <asm/gmap.h>
#include <asm/pgalloc.h>
#include <asm/pgtable.h>
#include <kshim/host.h>
#include <kshim/insn.h>
#include <kshim/form/pgtable_has_pgste.h>
#include <kshim/form/pgtable_whole_pages.h>
#include <kshim/process.h>
#include <s390x/model.h>
#include "../../../../checkers/s390x/checkers.h"

/* What only a guest, or KVM for it, has a reason to set. Reference and change are set when keys come into use. */
#define GUEST_BITS (PGSTE_ACC_BITS | PGSTE_FP_BIT | PGSTE_IN_BIT | PGSTE_VSIE_BIT | _PGSTE_GPS_USAGE_MASK)

/* An entry is empty, or of a page that can be there, or a swap entry. With a PGSTE's bits a foreign entry rarely is. */
static void check_entries(struct kshim_pgste_check *c, const u64 *table, u64 addr)
{
	unsigned int i;
	pte_t pte;

	for (i = 0; i < PTRS_PER_PTE; i++) {
		pte = __pte(READ_ONCE(table[i]));
		if (pte_none(pte) || (!pte_present(pte) && pte_swap(pte)))
			continue;
		if (pte_present(pte) && !(pte_val(pte) & 0x800) &&
		    pte_pfn(pte) - ARCH_PFN_OFFSET < KSHIM_RAM_MAX >> PAGE_SHIFT)
			continue;
		++*c->findings;
		host_check("pgste", "page table of process %d at address %llx: not a page-table entry: %016lx", c->pid,
			   addr + ((u64)i << PAGE_SHIFT), pte_val(pte));
		return;
	}
}

static void check_page_table(struct kshim_pgste_check *c, u64 *table, u64 addr)
{
	u64 bits = mm_has_pgste(c->mm) ? GUEST_BITS : ~0ULL;
	unsigned int i;

	if (!c->of_gmap) {
		kshim_check_tracking(c, table, addr);
		check_entries(c, table, addr);
	}
	if (kshim_table_has_pgstes(c->mm, table))
		return;
	if (c->of_gmap) {
		++*c->findings;
		host_check("pgste", "gmap of process %d has a page table without PGSTEs for guest address %llx", c->pid,
			   addr);
		return;
	}
	if (!kshim_table_has_second_half(c->mm))
		return;
	for (i = 0; i < PTRS_PER_PTE; i++) {
		u64 pgste = READ_ONCE(table[PTRS_PER_PTE + i]);

		if (!(pgste & bits))
			continue;
		++*c->findings;
		host_check("pgste",
			   "page table of process %d at address %llx has no PGSTEs for guests, but %016llx is in one",
			   c->pid, addr + ((u64)i << PAGE_SHIFT), pgste);
		return;
	}
}

/* level 1: a segment table. */
static void walk_table(struct kshim_pgste_check *c, const u64 *table, unsigned int level, u64 addr)
{
	unsigned int i;

	model_for_each_valid(table, _CRST_ENTRIES, i, _REGION_ENTRY_INVALID) {
		u64 at = addr + ((u64)i << (20 + 11 * (level - 1))), entry = READ_ONCE(table[i]);

		if (level > 1)
			walk_table(c, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
		else if (!(entry & _SEGMENT_ENTRY_LARGE))
			check_page_table(c, __va(entry & _SEGMENT_ENTRY_ORIGIN), at);
	}
}

static void walk_space(struct kshim_pgste_check *c, u64 asce)
{
	walk_table(c, __va(asce & _ASCE_ORIGIN), 1 + ((asce & _ASCE_TYPE_MASK) >> 2), 0);
}

static void check_process(struct kshim_process *p, void *findings)
{
	struct kshim_pgste_check c = {.mm = p->mm, .pid = p->pid, .findings = findings};
	struct gmap *gmap;

	if (!p->mm)
		return;
	walk_space(&c, p->mm->context.asce);
	c.of_gmap = true;
	rcu_read_lock();
	list_for_each_entry_rcu(gmap, &p->mm->context.gmap_list, list)
		walk_space(&c, gmap->asce);
	rcu_read_unlock();
}

int kshim_check_pgstes(void)
{
	int findings = 0;

	kshim_process_for_each(check_process, &findings);
	return findings;
}
