// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks of the CPUs' TLBs: each entry and cached table descriptor was made from a descriptor that is still there,
 * or differs only in what may change without TLB maintenance. What entries allow is guest_mappings.c's.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include "model.h"
#include "checkers.h"

int kshim_check_guest_tlb(struct kvm *kvm)
{
	return arm64_check_vm(kvm);
}

static void check_process(struct kshim_process *p, void *arg)
{
	int *findings = arg;

	if (p->mm)
		*findings += arm64_check_tables(__pa(p->mm->pgd), ARM64_NO_VMID);
}

int kshim_check_host_tlb(void)
{
	int findings = arm64_check_tlbs();

	kshim_process_for_each(check_process, &findings);
	return findings;
}
