/* SPDX-License-Identifier: GPL-2.0-only */
/* All page tables of a process have PGSTEs, or none has. */
#ifndef KSHIM_FORM_PGTABLE_HAS_PGSTE_H
#define KSHIM_FORM_PGTABLE_HAS_PGSTE_H

#include <asm/pgalloc.h>
#include <asm/pgtable.h>

#define KSHIM_TABLES_ARE_MARKED false
#define PGTABLE_PGSTE 0	/* no mark */

static inline bool kshim_table_has_pgstes(struct mm_struct *mm, void *table)
{
	return mm_has_pgste(mm);
}

#endif
