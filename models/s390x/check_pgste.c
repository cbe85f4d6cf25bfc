// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker's rules for PGSTEs: guests use only page tables that have them, and nobody fills those of other tables.
 *
 * A table without PGSTEs that is treated as one with them is how memory of a neighbour is corrupted where tables have
 * 2 KiB. Where all of them have 4 KiB (6.12), what would have been corrupted is seen in the second half.
 */
#include <linux/mm.h>
#include <linux/rculist.h>
#include <asm/gmap.h>
#include <asm/pgalloc.h>
#include <asm/pgtable.h>
#include "model.h"
#include <kshim/host.h>
#include <kshim/probes.h>
#include <kshim/process.h>

/* What only a guest, or KVM for it, has a reason to set; reference and change are set when keys come into use. */
#define GUEST_BITS (PGSTE_ACC_BITS | PGSTE_FP_BIT | PGSTE_IN_BIT | PGSTE_VSIE_BIT | _PGSTE_GPS_USAGE_MASK)

struct pgste_check {
	struct mm_struct *mm;
	int pid;
	bool of_gmap;
	int *findings;
};

static bool has_pgstes(struct mm_struct *mm, void *table)
{
#ifdef KSHIM_HAVE_PGTABLE_HAS_PGSTE
	return pgtable_has_pgste(mm, table);
#else
	return mm_has_pgste(mm);
#endif
}

/* Is the second half of a table that is not used for guests the table's own? */
static bool has_second_half(struct mm_struct *mm)
{
#ifdef KSHIM_HAVE_PGTABLE_WHOLE_PAGES
	return true;
#else
	return mm_alloc_pgste(mm) && !mm_has_pgste(mm);
#endif
}

static void check_page_table(struct pgste_check *c, u64 *table, u64 addr)
{
	u64 bits = mm_has_pgste(c->mm) ? GUEST_BITS : ~0ULL;
	unsigned int i;

	if (has_pgstes(c->mm, table))
		return;
	if (c->of_gmap) {
		++*c->findings;
		host_report(KVMSIM_CHECK, NULL, 0,
			    "gmap of process %d has a page table without PGSTEs for guest address %llx", c->pid, addr);
		return;
	}
	if (!has_second_half(c->mm))
		return;
	for (i = 0; i < PTRS_PER_PTE; i++) {
		u64 pgste = READ_ONCE(table[PTRS_PER_PTE + i]);

		if (!(pgste & bits))
			continue;
		++*c->findings;
		host_report(KVMSIM_CHECK, NULL, 0,
			    "page table of process %d at address %llx has no PGSTEs for guests, but %016llx is in one",
			    c->pid, addr + ((u64)i << PAGE_SHIFT), pgste);
		return;
	}
}

/* level 1: a segment table. */
static void walk_table(struct pgste_check *c, const u64 *table, unsigned int level, u64 addr)
{
	unsigned int i;

	for (i = 0; i < _CRST_ENTRIES; i++) {
		u64 at = addr + ((u64)i << (20 + 11 * (level - 1))), entry = READ_ONCE(table[i]);

		if (entry & _REGION_ENTRY_INVALID)
			continue;
		if (level > 1)
			walk_table(c, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
		else if (!(entry & _SEGMENT_ENTRY_LARGE))
			check_page_table(c, __va(entry & _SEGMENT_ENTRY_ORIGIN), at);
	}
}

static void walk_space(struct pgste_check *c, u64 asce)
{
	walk_table(c, __va(asce & _ASCE_ORIGIN), 1 + ((asce & _ASCE_TYPE_MASK) >> 2), 0);
}

void model_check_pgstes(struct kshim_process *p, void *findings)
{
	struct pgste_check c = {.mm = p->mm, .pid = p->pid, .findings = findings};
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
