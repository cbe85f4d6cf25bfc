// SPDX-License-Identifier: GPL-2.0-only
/* COMPARE AND SWAP AND PURGE returned nothing (arch/s390/include/asm/pgtable.h). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(cspg, "arch/s390/include/asm/pgtable.h");
static inline void cspg(unsigned long *ptr, unsigned long old, unsigned long new)
{
	kshim_cspg(ptr, old, new);
}
