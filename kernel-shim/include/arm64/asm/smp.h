/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/smp.h with the CPU's number as per-CPU data: a native thread is a CPU, whatever task it runs. */
#include_next <asm/smp.h>

#ifndef KSHIM_ARM64_SMP_H
#define KSHIM_ARM64_SMP_H
#ifndef __ASSEMBLY__

#include <asm/percpu.h>

DECLARE_PER_CPU(unsigned int, kshim_cpu_number);

#undef raw_smp_processor_id
#define raw_smp_processor_id()	raw_cpu_read(kshim_cpu_number)

#endif
#endif
