// SPDX-License-Identifier: GPL-2.0-only
/* A CPU that leaves a process without another one (arch/x86/mm/tlb.c); later kernels do it inline. */
#include <linux/mm_types.h>
#include <asm/mmu_context.h>
#include <kshim/marks.h>

INERT_VOID(enter_lazy_tlb, "arch/x86/mm/tlb.c", "no CPU has an mm loaded lazily");
