// SPDX-License-Identifier: GPL-2.0-only
/* The flags that the kernel derives from the machine's facilities (models/s390x/facilities.c). */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/facility.h>
#include <asm/lowcore.h>
#include <asm/setup.h>
#include <kshim/arch.h>
#include <kshim/form/s390_rdp.h>
#include <kshim/form/thp_unsupported.h>
#include <s390x/model.h>
#include "internal.h"

/* Like detect_machine_facilities() of arch/s390/kernel/early.c. 2 GiB pages of the host are not modelled. */
static unsigned long machine_flags(void)
{
	return MACHINE_FLAG_LPAR | (s390_esop ? MACHINE_FLAG_ESOP : 0) | (s390_tlb_guest ? MACHINE_FLAG_TLB_GUEST : 0) |
	       (test_facility(3) ? MACHINE_FLAG_IDTE : 0) | (test_facility(8) ? MACHINE_FLAG_EDAT1 : 0) |
	       (test_facility(194) ? KSHIM_FLAG_RDP : 0) |
	       (test_facility(51) ? MACHINE_FLAG_TLB_LC : 0) | (test_facility(130) ? MACHINE_FLAG_NX : 0);
}

void kshim_detect_machine(unsigned int cpu)
{
	if (!cpu)
		s390_facilities_boot();
	per_cpu_ptr(&kshim_lowcore, cpu)->machine_flags = machine_flags();
}

const char *kshim_arch_facility_name(unsigned int i)
{
	return s390_facility_name(i);
}

int kshim_change_facilities(const char *changes)
{
	unsigned int cpu;
	int ret;

	ret = s390_change_facilities(changes);
	if (ret)
		return ret;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(&kshim_lowcore, cpu)->machine_flags = machine_flags();
	/* hugepage_init() has already run; it does this if has_transparent_hugepage() is false. */
	if (!has_transparent_hugepage())
		transparent_hugepage_flags = BIT(TRANSPARENT_HUGEPAGE_UNSUPPORTED);
	return 0;
}
