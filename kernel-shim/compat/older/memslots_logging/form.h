/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM did not count the slots that log dirty pages; x86 alone had a count of its own. */
#ifndef KSHIM_FORM_MEMSLOTS_LOGGING_H
#define KSHIM_FORM_MEMSLOTS_LOGGING_H

#include <linux/kvm_host.h>

/* Returns false if KVM does not count them. */
static inline bool kshim_logging_slots(struct kvm *kvm, int *count)
{
	return false;
}

#endif
