// SPDX-License-Identifier: GPL-2.0-only
/* Instructions that guest address spaces need (arch/s390/kvm/gmap). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(crdte, "arch/s390/include/asm/pgtable.h");
static inline bool crdte(unsigned long old, unsigned long new, unsigned long *table, unsigned long dtt,
			 unsigned long address, unsigned long asce)
{
	return kshim_crdte(table, dtt, address, asce, old, new) == old;
}
