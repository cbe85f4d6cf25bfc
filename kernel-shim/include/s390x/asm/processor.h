/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/processor.h with the shim's cpu_relax(): a busy wait yields the host CPU now and then. */
#ifndef KSHIM_S390_PROCESSOR_H
#define KSHIM_S390_PROCESSOR_H

/* Before headers that come back here and use cpu_relax(). */
#include <asm/vdso/processor.h>
/* The kernel gets THREAD_SIZE through s390's asm/preempt.h. */
#include <linux/thread_info.h>
#undef cpu_relax
#include_next <asm/processor.h>

#undef cpu_relax
#define cpu_relax() kshim_cpu_relax()

#endif
