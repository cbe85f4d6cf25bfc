// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of gfn_to_pfn_caches (virt/kvm/pfncache.c): what is marked valid is what the process has at that address
 * now, and may write. KVM writes through them without another look, as a CPU does through a TLB entry.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include "checkers.h"

static int check_cache(struct kvm *kvm, const struct gfn_to_pfn_cache *gpc)
{
	unsigned long addr = gpc->uhva & PAGE_MASK;
	struct kshim_host_pte host;

	if (!gpc->valid)
		return 0;
	if (kshim_arch_host_walk(kvm->mm, addr, &host) && host.present && host.writable && host.pfn == gpc->pfn)
		return 0;
	host_about("the entry in the process's page tables", host.entry);
	if (host.present)
		host_check("pfn-cache",
			   "a valid gfn_to_pfn_cache has pfn %llx for %lx, where the process has pfn %lx (%s)",
			   (u64)gpc->pfn, addr, host.pfn, host.writable ? "writable" : "read-only");
	else
		host_check("pfn-cache", "a valid gfn_to_pfn_cache has pfn %llx for %lx, where the process has no page",
			   (u64)gpc->pfn, addr);
	return 1;
}

int kshim_check_pfn_caches(struct kvm *kvm)
{
	const struct gfn_to_pfn_cache *gpc;
	int findings = 0;

	spin_lock(&kvm->gpc_lock);
	list_for_each_entry(gpc, &kvm->gpc_list, list)
		findings += check_cache(kvm, gpc);
	spin_unlock(&kvm->gpc_lock);
	return findings;
}
