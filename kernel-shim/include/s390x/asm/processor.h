/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/processor.h with cpu_relax() of the shim: a busy wait gives the host CPU away now and then. */
#ifndef KSHIM_S390_PROCESSOR_H
#define KSHIM_S390_PROCESSOR_H

/* The kernel gets THREAD_SIZE by way of s390's asm/preempt.h. */
#include <linux/thread_info.h>
#include_next <asm/processor.h>

#undef cpu_relax
#include <asm/vdso/processor.h>

#endif
