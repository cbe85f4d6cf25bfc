/* SPDX-License-Identifier: GPL-2.0-only */
/* What kshim/arch.h has of x86_64 alone. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#include <kshim/types.h>

#define KSHIM_ARCH_NAME "x86_64"

/* CPUID and boot_cpu_data of all CPUs become an Intel processor's or an AMD one's. */
void kshim_arch_set_intel(bool intel);

#endif
