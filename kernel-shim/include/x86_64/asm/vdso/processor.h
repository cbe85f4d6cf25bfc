/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/vdso/processor.h of x86: rep_nop() is the PAUSE behind cpu_relax(). */
#include_next <asm/vdso/processor.h>

#define rep_nop() cpu_relax()
