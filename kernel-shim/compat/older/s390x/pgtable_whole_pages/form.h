/* SPDX-License-Identifier: GPL-2.0-only */
/* Two page tables without PGSTEs shared a page. */
#ifndef KSHIM_FORM_PGTABLE_WHOLE_PAGES_H
#define KSHIM_FORM_PGTABLE_WHOLE_PAGES_H

#include <asm/mmu_context.h>
#include <asm/pgtable.h>

/* Returns whether a table that no guest uses owns its second half. */
static inline bool kshim_table_has_second_half(struct mm_struct *mm)
{
	return mm_alloc_pgste(mm) && !mm_has_pgste(mm);
}

#endif
