// SPDX-License-Identifier: GPL-2.0-only
/* The lock of a PGSTE was taken by instructions on single bytes (arch/s390/mm/pgtable.c). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(pgste_get_lock, "arch/s390/mm/pgtable.c");
static inline pgste_t pgste_get_lock(pte_t *ptep)
{
	unsigned long *pgste = (unsigned long *)(ptep + PTRS_PER_PTE), value;

	kshim_pgste_used(ptep);
	do {
		value = __atomic64_or_barrier(PGSTE_PCL_BIT, (long *)pgste);
	} while (value & PGSTE_PCL_BIT);
	return __pgste(value | PGSTE_PCL_BIT);
}

OVERRIDES(pgste_set_unlock, "arch/s390/mm/pgtable.c");
static inline void pgste_set_unlock(pte_t *ptep, pgste_t pgste)
{
	barrier();
	WRITE_ONCE(*(unsigned long *)(ptep + PTRS_PER_PTE), pgste_val(pgste) & ~PGSTE_PCL_BIT);
}

OVERRIDES(pgste_get, "arch/s390/mm/pgtable.c");
static inline pgste_t pgste_get(pte_t *ptep)
{
	kshim_pgste_used(ptep);
	return kcc_kernel_pgste_get(ptep);
}

OVERRIDES(pgste_set, "arch/s390/mm/pgtable.c");
static inline void pgste_set(pte_t *ptep, pgste_t pgste)
{
	kshim_pgste_used(ptep);
	kcc_kernel_pgste_set(ptep, pgste);
}
