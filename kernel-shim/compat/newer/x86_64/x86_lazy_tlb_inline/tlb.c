// SPDX-License-Identifier: GPL-2.0-only
/* Global ASIDs (arch/x86/mm/tlb.c). */
#include <linux/mm_types.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <kshim/marks.h>

INERT_VOID(mm_free_global_asid, "arch/x86/mm/tlb.c", "no process gets a global ASID: the processor has no INVLPGB");
