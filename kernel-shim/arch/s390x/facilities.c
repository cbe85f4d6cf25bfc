// SPDX-License-Identifier: GPL-2.0-only
/* The flags that the kernel derives from the machine's facilities (models/s390x/facilities.c). */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <kshim/arch.h>
#include <kshim/form/thp_unsupported.h>
#include <s390x/model.h>
#include "internal.h"

void kshim_detect_machine(unsigned int cpu)
{
	if (!cpu)
		s390_facilities_boot();
	kshim_set_machine_flags(cpu);
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
		kshim_set_machine_flags(cpu);
	/* hugepage_init() has already run; it does this if has_transparent_hugepage() is false. */
	if (!has_transparent_hugepage())
		transparent_hugepage_flags = BIT(TRANSPARENT_HUGEPAGE_UNSUPPORTED);
	return 0;
}
