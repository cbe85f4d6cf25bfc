// SPDX-License-Identifier: GPL-2.0-only
/* RESET DAT PROTECTION (arch/s390/include/asm/pgtable.h). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(__ptep_rdp, "arch/s390/include/asm/pgtable.h");
static __always_inline void __ptep_rdp(unsigned long addr, pte_t *ptep, int local)
{
	kshim_rdp((unsigned long *)ptep, addr, local);
}
