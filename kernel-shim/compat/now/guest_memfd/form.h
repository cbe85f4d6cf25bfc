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

/* Whether some gfn of the VM may come from guest_memfd. Most VMs have no attributes. */
static inline bool kshim_any_private(struct kvm *kvm)
{
	return !xa_empty(&kvm->mem_attr_array);
}

static inline bool kshim_gfn_is_gmem(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	return kvm_mem_is_private(kvm, gfn);
}

#else

#include "../../absent/guest_memfd/none.h"

#endif

#endif
