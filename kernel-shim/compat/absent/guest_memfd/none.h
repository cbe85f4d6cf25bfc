/* SPDX-License-Identifier: GPL-2.0-only */
/* What the forms of guest_memfd say where there is none: no slot has a file, and no gfn is private. */
#ifndef KSHIM_GUEST_MEMFD_NONE_H
#define KSHIM_GUEST_MEMFD_NONE_H

#include <linux/kvm_host.h>

static inline struct file *kshim_gmem_file(struct kvm_memory_slot *slot, pgoff_t *pgoff)
{
	return NULL;
}

static inline bool kshim_slot_had_file(struct kvm_memory_slot *slot)
{
	return false;
}

static inline bool kshim_any_private(struct kvm *kvm)
{
	return false;
}

static inline bool kshim_gfn_is_gmem(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	return false;
}

static inline long kshim_gmem_populate(struct kvm *kvm, gfn_t gfn, unsigned long src, long npages)
{
	return -ENOSYS;
}

#endif
