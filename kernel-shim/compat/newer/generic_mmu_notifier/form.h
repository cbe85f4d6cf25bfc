/* SPDX-License-Identifier: GPL-2.0-only */
/* Every architecture has MMU notifiers of KVM. */
#ifndef KSHIM_FORM_GENERIC_MMU_NOTIFIER_H
#define KSHIM_FORM_GENERIC_MMU_NOTIFIER_H

#include <linux/kvm_host.h>

/* The number of notifiers between start and end. */
static inline long kshim_invalidations(struct kvm *kvm)
{
	return kvm->mmu_invalidate_in_progress;
}

/* A new VM has had n of them already. */
static inline void kshim_begin_invalidations(struct kvm *kvm, unsigned long n)
{
	kvm->mmu_invalidate_seq += n;
}

#endif
