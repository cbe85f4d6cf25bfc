// SPDX-License-Identifier: GPL-2.0-only
/* arch/s390/kernel/fpu.c and entry.S: floating-point registers, which no simulated CPU has. */
#include <linux/sched.h>
#include <asm/fpu/api.h>
#include <kshim/marks.h>

INERT_VOID(save_fpu_regs, "arch/s390/kernel/fpu.c",
	   "floating-point registers of user space and of guests do not exist");
INERT_VOID(load_fpu_regs, "arch/s390/kernel/fpu.c", "like save_fpu_regs");
