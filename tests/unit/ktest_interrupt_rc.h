/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_interrupt_rc.c (host) asks of ktest_interrupt_rc.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_INTERRUPT_RC_H
#define KTEST_INTERRUPT_RC_H

#include <kshim/types.h>

/* 1: interrupts are off inside; 2: still off after the inner end; 4: on again after the outer; 8: off if they were. */
int ktest_interrupts_counted(void);

#endif
