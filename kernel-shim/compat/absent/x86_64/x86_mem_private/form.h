/* SPDX-License-Identifier: GPL-2.0-only */
/* No VM whose files decide what is private. */
#ifndef KSHIM_FORM_X86_MEM_PRIVATE_H
#define KSHIM_FORM_X86_MEM_PRIVATE_H

#include <linux/kvm_host.h>

static inline bool kshim_files_decide(struct kvm *kvm)
{
	return false;
}

/* Whether the slot has a file, or had one that is closed. */
static inline bool kshim_slot_had_file(struct kvm_memory_slot *slot)
{
	return false;
}

static inline bool kshim_next_attribute(struct kvm *kvm, unsigned long *gfn)
{
	return false;
}

#endif
