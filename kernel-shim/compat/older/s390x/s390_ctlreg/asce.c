// SPDX-License-Identifier: GPL-2.0-only
/* The ASCE of a CPU without an address space was a number. Its mark is in kernel-shim/arch/s390x/cpu.c. */
#include <asm/mmu_context.h>

unsigned long s390_invalid_asce = 0x3;
