// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of arch/s390/mm/gmap.c. */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(gmap_idte_one, "arch/s390/mm/gmap.c");
static inline void gmap_idte_one(unsigned long asce, unsigned long vaddr)
{
	kshim_idte_table(asce, vaddr);
}
