/* SPDX-License-Identifier: GPL-2.0-only */
/* No VM whose files decide what is private. */
#ifndef KSHIM_FORM_X86_MEM_PRIVATE_H
#define KSHIM_FORM_X86_MEM_PRIVATE_H

#include <linux/kvm_host.h>

static inline bool kshim_files_decide(struct kvm *kvm)
{
	return false;
}

static inline bool kshim_next_attribute(struct kvm *kvm, unsigned long *gfn)
{
	return false;
}

#endif
