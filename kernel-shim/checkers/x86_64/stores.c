// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter machine.watch_stores, which makes the check "atomic-stores" judge an entry of KVM's tables: while the
 * processor may set bits in it, only one locked instruction may change it. What the processor sets between the load and
 * the store of any other code is lost (SDM vol. 3, 30.3.5; spte_has_volatile_bits(), arch/x86/kvm/mmu/spte.c). Since
 * 6.13 KVM lets that happen to accessed bits.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/machine.h>
#include <kshim/stores.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "machine."

static bool accessed_matters;

/* The dirty bit of an entry that lets writes through, perhaps the accessed bit. A page that was freed is no table. */
static bool may_set_bits(const u64 *entry)
{
	const struct page *page = virt_to_page(entry);
	u64 spte = READ_ONCE(*entry);

	return page_ref_count(page) && page_private(page) && is_shadow_present_pte(spte) &&
	       ((accessed_matters && !(spte & shadow_accessed_mask)) ||
		((spte & PT_WRITABLE_MASK) && !(spte & shadow_dirty_mask)));
}

static void report_store(u64 old, u64 new, const void *const *frames, unsigned int n)
{
	host_check_frames("atomic-stores", frames, n,
			  "the entry %llx, in which the processor may set bits, becomes %llx by a store that is not "
			  "atomic", old, new);
}

static const struct host_store_judge judge = { .may_change = may_set_bits, .report = report_store };

static int watch(struct kvm_vcpu *vcpu, u64 addr)
{
	const struct kshim_guest_leaf leaf = { .vcpu = vcpu, .addr = addr };
	struct kvmsim_mapping now;
	int ret = kshim_hw_inspect_mapping(vcpu, addr, &now);

	if (ret)
		return ret;
	return now.present ? host_watch_stores(kshim_hw_entry_of(&leaf), &judge) : -ENOENT;
}

/* "ADDRESS" or "ADDRESS,accessed": the entry of the first VM's first vCPU. */
static int set_watch_stores(const char *value, const struct kernel_param *p)
{
	const char *suffix = strchrnul(value, ',');
	struct kvm_vcpu *vcpu = NULL;
	struct kvm *kvm;
	char number[24];
	u64 addr;
	int ret;

	snprintf(number, sizeof(number), "%.*s", (int)(suffix - value), value);
	ret = kstrtoull(number, 0, &addr);
	if (ret)
		return ret;
	if (*suffix && strcmp(suffix, ",accessed"))
		return -EINVAL;
	accessed_matters = *suffix;
	mutex_lock(&kvm_lock);
	kvm = list_first_entry_or_null(&vm_list, struct kvm, vm_list);
	if (kvm)
		vcpu = kvm_get_vcpu(kvm, 0);
	ret = vcpu ? watch(vcpu, addr) : -ENOENT;
	mutex_unlock(&kvm_lock);
	return ret;
}

static const struct kernel_param_ops watch_stores_ops = { .set = set_watch_stores };

module_param_cb(watch_stores, &watch_stores_ops, NULL, 0200);
