// SPDX-License-Identifier: GPL-2.0-only
/* The kernel saves and restores floating-point registers around its own use (arch/s390/kernel/fpu.c). */
#include <asm/fpu.h>
#include <kshim/marks.h>

INERT_VOID(save_fpu_state, "arch/s390/kernel/fpu.c", "user space's floating-point registers do not exist");
INERT_VOID(__kernel_fpu_begin, "arch/s390/kernel/fpu.c", "like save_fpu_state");
INERT_VOID(__kernel_fpu_end, "arch/s390/kernel/fpu.c", "like save_fpu_state");
