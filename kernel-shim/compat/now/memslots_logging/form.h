/* SPDX-License-Identifier: GPL-2.0-only */
/* How many slots log dirty pages, as KVM counts them. */
#ifndef KSHIM_FORM_MEMSLOTS_LOGGING_H
#define KSHIM_FORM_MEMSLOTS_LOGGING_H

#include <linux/kvm_host.h>

/* Returns false if KVM does not count them. */
static inline bool kshim_logging_slots(struct kvm *kvm, int *count)
{
	*count = atomic_read(&kvm->nr_memslots_dirty_logging);
	return true;
}

#endif
