/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/vdso/processor.h: a turn of a busy wait yields the host CPU now and then. */
#ifndef __ASM_VDSO_PROCESSOR_H
#define __ASM_VDSO_PROCESSOR_H

#ifndef __ASSEMBLY__

#include <kshim/sched.h>

#define cpu_relax() kshim_cpu_relax()

#endif
#endif
