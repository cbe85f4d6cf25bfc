// SPDX-License-Identifier: GPL-2.0-only
/* The bits that tell the kernel what the machine has beside facilities. The CPUs have them in common. */
#include <linux/mm.h>
#include <asm/cpufeature.h>
#include <asm/machine.h>
#include <asm/pgtable.h>
#include <kshim/marks.h>
#include <s390x/model.h>
#include "../../../../arch/s390x/internal.h"

FAITHFUL(machine_features, "arch/s390/kernel/alternative.c");
unsigned long machine_features[1];

FAITHFUL(page_noexec_mask, "arch/s390/mm/init.c");
unsigned long page_noexec_mask;
FAITHFUL(segment_noexec_mask, "arch/s390/mm/init.c");
unsigned long segment_noexec_mask;
FAITHFUL(region_noexec_mask, "arch/s390/mm/init.c");
unsigned long region_noexec_mask;

static void set_feature(unsigned int nr, bool on)
{
	if (on)
		set_machine_feature(nr);
	else
		clear_machine_feature(nr);
}

/* Like detect_facilities() of arch/s390/boot/startup.c, and setup_arch() after it. */
static void set_noexec(bool nx)
{
	page_noexec_mask = nx ? ~0UL : ~_PAGE_NOEXEC;
	segment_noexec_mask = nx ? ~0UL : ~_SEGMENT_ENTRY_NOEXEC;
	region_noexec_mask = nx ? ~0UL : ~_REGION_ENTRY_NOEXEC;
	setup_protection_map();
}

/* Like detect_machine_type() and the functions behind it of arch/s390/boot/startup.c. */
void kshim_set_machine_flags(unsigned int cpu)
{
	set_feature(MFEATURE_LPAR, true);
	set_feature(MFEATURE_ESOP, s390_esop);
	set_feature(MFEATURE_TLB_GUEST, s390_tlb_guest);
	set_noexec(cpu_has_nx());
}
