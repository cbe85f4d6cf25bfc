// SPDX-License-Identifier: GPL-2.0-only
/* The bits that tell the kernel what the machine has beside facilities. The CPUs have them in common. */
#include <asm/machine.h>
#include <kshim/marks.h>
#include <s390x/model.h>
#include "../../../../arch/s390x/internal.h"

FAITHFUL(machine_features, "arch/s390/kernel/alternative.c");
unsigned long machine_features[1];

static void set_feature(unsigned int nr, bool on)
{
	if (on)
		set_machine_feature(nr);
	else
		clear_machine_feature(nr);
}

/* Like detect_machine_type() and the functions behind it of arch/s390/boot/startup.c. */
void kshim_set_machine_flags(unsigned int cpu)
{
	set_feature(MFEATURE_LPAR, true);
	set_feature(MFEATURE_ESOP, s390_esop);
	set_feature(MFEATURE_TLB_GUEST, s390_tlb_guest);
}
