// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the paging-structure caches: an upper-level entry that a CPU keeps, and that no pending flush covers,
 * must lead to the same table as the tables do.
 */
#include <linux/kvm_host.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include "mmu.h"
#include "mmu/spte.h"
#include "model.h"
#include "checkers.h"

static int check_walk_cache(struct x86_vcpu *v)
{
	const struct walk_cache_entry *e = &v->walk_cache.entry[0][0], *end = e + WALK_CACHE_LEVELS * WALK_CACHE_SIZE;
	struct kshim_guest_leaf now = { .vcpu = &v->vcpu };
	struct walk_tables tables;
	int findings = 0;

	/* The root is not that of the last entry: the next entry loads it and flushes what it must. */
	if (x86_flush_pending(&v->vcpu) || v->root != v->vcpu.arch.mmu->root.hpa)
		return 0;
	tables = x86_host_tables(v);
	for (; e < end; e++) {
		if (!e->level || e->tag != x86_walk_tag(v) || x86_walk_cache_current(&tables, e))
			continue;
		findings++;
		now.addr = e->prefix << (12 + 9 * (e->level - 1));
		host_about("the entry at which a walk ends now", kshim_hw_entry_of(&now));
		host_check("walk-cache",
			   "paging-structure cache of vCPU %d: %s %llx, level %u, still leads to the table at frame %lx, "
			   "where the tables no longer lead: a flush is missing", v->vcpu.vcpu_id,
			   model_nested_paging() ? "guest-physical address" : "linear address",
			   now.addr, e->level, PHYS_PFN(e->entry & SPTE_BASE_ADDR_MASK));
	}
	return findings;
}

int kshim_check_walk_caches(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int findings = 0;

	write_lock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, vcpu, kvm)
		findings += check_walk_cache(x86_vcpu_of(vcpu));
	write_unlock(&kvm->mmu_lock);
	return findings;
}
