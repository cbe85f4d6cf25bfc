/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/tsc.h on virtual time: rdtsc() and rdtsc_ordered() are the shim's, in asm/msr.h. */
#ifndef KSHIM_ASM_TSC_H
#define KSHIM_ASM_TSC_H

#include <asm/msr.h>

#define rdtsc		__unused_rdtsc
#define rdtsc_ordered	__unused_rdtsc_ordered
#include_next <asm/tsc.h>
#undef rdtsc
#undef rdtsc_ordered

#endif
