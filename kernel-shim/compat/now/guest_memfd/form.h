/* SPDX-License-Identifier: GPL-2.0-only */
/* Only what has the attribute "private" comes from guest_memfd. */
#ifndef KSHIM_FORM_GUEST_MEMFD_H
#define KSHIM_FORM_GUEST_MEMFD_H

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_PRIVATE_MEM

/* The guest_memfd of a slot, and the page offset of its first gfn there; NULL if it has none. */
static inline struct file *kshim_gmem_file(struct kvm_memory_slot *slot, pgoff_t *pgoff)
{
	*pgoff = slot->gmem.pgoff;
	return rcu_dereference_protected(slot->gmem.file, 1);
}

/* Whether the slot has a file, or had one that is closed. */
static inline bool kshim_slot_had_file(struct kvm_memory_slot *slot)
{
	return kvm_slot_can_be_private(slot);
}

/* Whether some gfn of the VM may come from guest_memfd. Most VMs have no attributes. */
static inline bool kshim_any_private(struct kvm *kvm)
{
	return !xa_empty(&kvm->mem_attr_array);
}

static inline bool kshim_gfn_is_gmem(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	return kvm_mem_is_private(kvm, gfn);
}

/*
 * Does what a vendor module does to fill private memory before the guest starts: npages pages from gfn on, from the
 * user address src, or with zeroes if that is 0. Returns how many are done, or -errno if none is.
 */
long kshim_gmem_populate(struct kvm *kvm, gfn_t gfn, unsigned long src, long npages);

#else

#include "../../absent/guest_memfd/none.h"

#endif

#endif
