// SPDX-License-Identifier: GPL-2.0-only
/* COMPARE AND SWAP AND PURGE, for a machine without IDTE: later kernels do not run there. */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(csp, "arch/s390/include/asm/pgtable.h");
static inline void csp(unsigned int *ptr, unsigned int old, unsigned int new)
{
	kshim_csp(ptr, old, new);
}

/* The kernel's swaps the lower half of the entry, which comes first here. */
OVERRIDES(__pmdp_csp, "arch/s390/include/asm/pgtable.h");
static inline void __pmdp_csp(pmd_t *pmdp)
{
	kshim_csp((unsigned int *)pmdp, pmd_val(*pmdp), pmd_val(*pmdp) | 0x20);
}
