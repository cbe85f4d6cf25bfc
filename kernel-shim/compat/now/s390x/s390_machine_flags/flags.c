// SPDX-License-Identifier: GPL-2.0-only
/* The word of flags in each CPU's lowcore that tells the kernel what the machine has. */
#include <linux/percpu.h>
#include <asm/facility.h>
#include <asm/lowcore.h>
#include <asm/setup.h>
#include <kshim/form/s390_rdp.h>
#include <s390x/model.h>
#include "../../../../arch/s390x/internal.h"

/* Like detect_machine_facilities() of arch/s390/kernel/early.c. 2 GiB pages of the host are not modelled. */
static unsigned long machine_flags(void)
{
	return MACHINE_FLAG_LPAR | (s390_esop ? MACHINE_FLAG_ESOP : 0) | (s390_tlb_guest ? MACHINE_FLAG_TLB_GUEST : 0) |
	       (test_facility(3) ? MACHINE_FLAG_IDTE : 0) | (test_facility(8) ? MACHINE_FLAG_EDAT1 : 0) |
	       (test_facility(194) ? KSHIM_FLAG_RDP : 0) |
	       (test_facility(51) ? MACHINE_FLAG_TLB_LC : 0) | (test_facility(130) ? MACHINE_FLAG_NX : 0);
}

void kshim_set_machine_flags(unsigned int cpu)
{
	per_cpu_ptr(&kshim_lowcore, cpu)->machine_flags = machine_flags();
}
