// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's way into SIE, which the modelled CPU executes (models/s390x/sie.c). */
#include <linux/bug.h>
#include <linux/sched.h>
#include <linux/kvm_host.h>
#include <asm/gmap.h>
#include <asm/lowcore.h>
#include <kshim/marks.h>
#include <kshim/probes.h>
#include <s390x/model.h>

#ifdef KSHIM_HAVE_S390_GUEST_TEID
FAITHFUL(__sie64a, "arch/s390/kernel/entry.S");
int __sie64a(phys_addr_t sie_block_phys, struct kvm_s390_sie_block *sie, u64 *rsa, unsigned long gasce)
{
	int reason;

	if (WARN_ON_ONCE(virt_to_phys(sie) != sie_block_phys))
		return 0;
	current->thread_info.sie = 1;
	reason = s390_sie(sie, rsa, gasce);
	current->thread_info.sie = 0;
	return reason;
}
#else
FAITHFUL(sie64a, "arch/s390/kernel/entry.S");
int sie64a(struct kvm_s390_sie_block *sie, u64 *rsa)
{
	struct gmap *gmap = (struct gmap *)get_lowcore()->gmap;

	return s390_sie(sie, rsa, gmap ? gmap->asce : get_lowcore()->kernel_asce);
}
#endif
