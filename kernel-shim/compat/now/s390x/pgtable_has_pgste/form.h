/* SPDX-License-Identifier: GPL-2.0-only */
/* Each page table says itself whether it has PGSTEs. */
#ifndef KSHIM_FORM_PGTABLE_HAS_PGSTE_H
#define KSHIM_FORM_PGTABLE_HAS_PGSTE_H

#include <asm/pgalloc.h>
#include <asm/pgtable.h>

#define KSHIM_TABLES_ARE_MARKED true

static inline bool kshim_table_has_pgstes(struct mm_struct *mm, void *table)
{
	return pgtable_has_pgste(mm, table);
}

#endif
