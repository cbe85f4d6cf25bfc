/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/barrier.h of x86: atomic read-modify-writes are full barriers by themselves. */
#ifndef _ASM_X86_BARRIER_H
#define _ASM_X86_BARRIER_H

#define __smp_mb__before_atomic()	barrier()
#define __smp_mb__after_atomic()	barrier()
/* Writing to CR3 provides a full memory barrier in switch_mm(). */
#define smp_mb__after_switch_mm()	do { } while (0)

#include_next <asm/barrier.h>

#endif
