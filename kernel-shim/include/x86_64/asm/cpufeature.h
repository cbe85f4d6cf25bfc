/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/cpufeature.h with feature tests that read boot_cpu_data, which the model fills, not patched jumps. */
#include_next <asm/cpufeature.h>

#undef static_cpu_has
#define static_cpu_has(bit) boot_cpu_has(bit)
#undef _static_cpu_has
#define _static_cpu_has(bit) boot_cpu_has(bit)
