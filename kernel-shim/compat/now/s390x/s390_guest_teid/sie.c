// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIE as entry.S calls it. A host fault of the guest is put into current->thread, and KVM resolves it after sie64a().
 */
#include <linux/sched.h>
#include <linux/kvm_host.h>
#include <asm/fault.h>
#include <s390x/model.h>
#include <kshim/marks.h>
#include "../../../../arch/s390x/internal.h"

/* Like arch/s390/kernel/traps.c. */
int kshim_guest_fault(int code, u64 addr, bool write)
{
	struct thread_struct *t = &current->thread;

	t->gmap_int_code = code;
	t->gmap_teid.val = 0;
	t->gmap_teid.addr = addr >> PAGE_SHIFT;
	if (test_facility(FACILITY_FSI))
		t->gmap_teid.fsi = write ? TEID_FSI_STORE : TEID_FSI_FETCH;
	t->gmap_teid.as = PSW_BITS_AS_PRIMARY;
	return 0;
}

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
