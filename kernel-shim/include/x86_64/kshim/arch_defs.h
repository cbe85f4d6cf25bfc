/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of kshim/arch.h that only x86_64 has. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#include <kshim/types.h>

#define KSHIM_ARCH_NAME "x86_64"

/* Makes CPUID and boot_cpu_data of all CPUs those of an Intel or an AMD processor. */
void kshim_arch_set_intel(bool intel);

#endif
