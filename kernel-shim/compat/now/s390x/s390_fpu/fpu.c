// SPDX-License-Identifier: GPL-2.0-only
/* The kernel saves and restores floating-point registers around its own use (arch/s390/kernel/fpu.c). */
#include <asm/fpu.h>
#include <kshim/marks.h>

INERT(save_fpu_state, "arch/s390/kernel/fpu.c", "user space's floating-point registers do not exist");
void save_fpu_state(struct fpu *state, int flags)
{
}

INERT(__kernel_fpu_begin, "arch/s390/kernel/fpu.c", "like save_fpu_state");
void __kernel_fpu_begin(struct kernel_fpu *state, int flags)
{
}

INERT(__kernel_fpu_end, "arch/s390/kernel/fpu.c", "like save_fpu_state");
void __kernel_fpu_end(struct kernel_fpu *state, int flags)
{
}
