/* SPDX-License-Identifier: GPL-2.0-only */
/* Private gfns come from guest_memfd, and all gfns of a slot that has nothing else. */
#ifndef KSHIM_FORM_GUEST_MEMFD_H
#define KSHIM_FORM_GUEST_MEMFD_H

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_GUEST_MEMFD

/* The guest_memfd of a slot, and the page offset of its first gfn there; NULL if it has none. */
static inline struct file *kshim_gmem_file(struct kvm_memory_slot *slot, pgoff_t *pgoff)
{
	*pgoff = slot->gmem.pgoff;
	return rcu_dereference_protected(slot->gmem.file, 1);
}

/* Whether the slot has a file, or had one that is closed. */
static inline bool kshim_slot_had_file(struct kvm_memory_slot *slot)
{
	return kvm_slot_has_gmem(slot);
}

/* Whether some gfn of the VM may have an attribute. */
static inline bool kshim_any_private(struct kvm *kvm)
{
#ifdef CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES
	return !xa_empty(&kvm->mem_attr_array);
#else
	return false;	/* no architecture has private memory without attributes */
#endif
}

static inline bool kshim_gfn_is_gmem(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	return kvm_memslot_is_gmem_only(slot) || kvm_mem_is_private(kvm, gfn);
}

/* CONFIG_HAVE_KVM_ARCH_GMEM_POPULATE is only on with the vendor modules' encrypted guests. */
static inline long kshim_gmem_populate(struct kvm *kvm, gfn_t gfn, unsigned long src, long npages)
{
	return -ENOSYS;
}

#else

#include "../../absent/guest_memfd/none.h"

#endif

#endif
