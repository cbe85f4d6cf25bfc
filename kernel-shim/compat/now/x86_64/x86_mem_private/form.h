/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM with KVM_CAP_MEM_PRIVATE: its files decide what is private. */
#ifndef KSHIM_FORM_X86_MEM_PRIVATE_H
#define KSHIM_FORM_X86_MEM_PRIVATE_H

#include <linux/kvm_host.h>

static inline bool kshim_files_decide(struct kvm *kvm)
{
	return kvm_has_mem_private(kvm);
}

/* Moves gfn up to the next one that has attributes. Returns false if there is none. */
static inline bool kshim_next_attribute(struct kvm *kvm, unsigned long *gfn)
{
	return xa_find(&kvm->mem_attr_array, gfn, ULONG_MAX, XA_PRESENT);
}

#endif
