// SPDX-License-Identifier: GPL-2.0-only
/* Every page table has a page for itself: nothing to keep of its halves, and PGSTEs are always in the same page. */
#include <linux/mm.h>
#include <kshim/insn.h>
#include "../../../../checkers/s390x/checkers.h"

void kshim_pgste_used(const void *pte)
{
}

void kshim_check_tracking(struct kshim_pgste_check *c, const u64 *table, u64 addr)
{
}
