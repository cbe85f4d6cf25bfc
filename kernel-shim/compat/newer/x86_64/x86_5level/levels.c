// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that can use 5 levels of page tables has 4 here (arch/x86/kernel/head64.c). */
#include <asm/pgtable_64_types.h>
#include <kshim/marks.h>

FAITHFUL(pgdir_shift, "arch/x86/kernel/head64.c");
unsigned int pgdir_shift = 39;
FAITHFUL(ptrs_per_p4d, "arch/x86/kernel/head64.c");
unsigned int ptrs_per_p4d = 1;
