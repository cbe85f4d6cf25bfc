// SPDX-License-Identifier: GPL-2.0-only
/* The ASCE of a CPU without an address space has a structure. Its mark is in kernel-shim/arch/s390x/cpu.c. */
#include <asm/ctlreg.h>
#include <asm/mmu_context.h>

struct ctlreg s390_invalid_asce = { .val = 0x3 };
