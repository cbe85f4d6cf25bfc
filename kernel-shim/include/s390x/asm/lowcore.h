/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * s390's asm/lowcore.h with the prefix page as per-CPU data. get_lowcore() returns the page of the simulated CPU that
 * the calling native thread plays or interrupts. kshim_lowcore() in arch/s390x/cpu.c finds it.
 */
#ifndef KSHIM_S390_LOWCORE_H
#define KSHIM_S390_LOWCORE_H

#ifndef __ASSEMBLY__
#include <linux/compiler.h>

#define get_lowcore	__unused_get_lowcore
#include_next <asm/lowcore.h>
#undef get_lowcore

extern __thread unsigned long kshim_cpu_offset;
extern struct lowcore kshim_lowcore;

static __always_inline struct lowcore *get_lowcore(void)
{
	return (struct lowcore *)((unsigned long)&kshim_lowcore + kshim_cpu_offset);
}

/* Versions without get_lowcore() find it at address 0. */
#undef S390_lowcore
#define S390_lowcore (*get_lowcore())

/* The kernel gets MACHINE_HAS_* through s390's asm/preempt.h. */
#include <asm/setup.h>
#endif

#endif
