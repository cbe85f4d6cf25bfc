// SPDX-License-Identifier: GPL-2.0-only
/* leave_mm() of arch/x86/mm/tlb.c is about the CPU that calls it. Its mark is in kernel-shim/arch/x86_64/hosttlb.c. */
#include <asm/mmu.h>

void leave_mm(void)
{
}
