// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the interlock between the guest's IPTE and KVM's walks of the guest's tables (ipte_lock() of gaccess.c):
 * between two calls nobody holds it. While KVM did, each IPTE of the guest would wait.
 */
#include <linux/kvm_host.h>
#include <kshim/host.h>
#include "checkers.h"

int kshim_check_ipte_lock(struct kvm *kvm)
{
	const struct bsca_block *sca = (void *)kvm->arch.sca;	/* this member is at one place in both kinds of it */
	union ipte_control now = sca->ipte_control;
	int count = kvm->arch.ipte_lock_count;

	if (!count && !now.val)
		return 0;
	host_check("ipte-lock",
		   "VM of process %d: between two calls the IPTE interlock is held: ipte_lock_count is %d; in the IPTE "
		   "control k is %u, kh %u, kg %u", kvm->userspace_pid, count, (unsigned int)now.k,
		   (unsigned int)now.kh, (unsigned int)now.kg);
	return 1;
}
