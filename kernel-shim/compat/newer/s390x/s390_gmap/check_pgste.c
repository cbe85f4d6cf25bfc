// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of PGSTEs: processes' page tables have none, although each has a page for itself; so whoever takes one of
 * them for a guest's writes into a half that nobody uses. Guests' tables are the check gmap's.
 */
#include <linux/mm.h>
#include <asm/pgtable.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <s390x/model.h>
#include "../../../../checkers/s390x/checkers.h"

struct check {
	int pid, findings;
};

static void check_page_table(struct check *c, const u64 *table, u64 addr)
{
	unsigned int i = model_skip_entries(table + PTRS_PER_PTE, PTRS_PER_PTE, 0, ~0ULL, 0);

	if (i == PTRS_PER_PTE || c->findings)
		return;
	c->findings++;
	host_check("pgste", "page table of process %d at address %llx has no PGSTEs for guests, but %016llx is in one",
		   c->pid, addr + ((u64)i << PAGE_SHIFT), table[PTRS_PER_PTE + i]);
}

/* level: of the table. */
static void walk_table(struct check *c, const u64 *table, enum dat_level level, u64 addr)
{
	unsigned int i;

	model_for_each_valid(table, _CRST_ENTRIES, i, _REGION_ENTRY_INVALID) {
		u64 at = addr + ((u64)i << (20 + 11 * level)), entry = READ_ONCE(table[i]);

		if (level > DAT_SEGMENT)
			walk_table(c, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at);
		else if (!(entry & DAT_ENTRY_FC))
			check_page_table(c, __va(entry & _SEGMENT_ENTRY_ORIGIN), at);
	}
}

static void check_process(struct kshim_process *p, void *findings)
{
	struct check c = {.pid = p->pid};
	u64 asce;

	if (!p->mm)
		return;
	asce = p->mm->context.asce;
	walk_table(&c, __va(asce & DAT_ASCE_ORIGIN), (asce & DAT_ASCE_DT) >> 2, 0);
	*(int *)findings += c.findings;
}

int kshim_check_pgstes(void)
{
	int findings = 0;

	kshim_process_for_each(check_process, &findings);
	return findings;
}
