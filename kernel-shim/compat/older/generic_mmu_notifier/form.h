/* SPDX-License-Identifier: GPL-2.0-only */
/* An architecture that has MMU notifiers of KVM defined a macro. */
#ifndef KSHIM_FORM_GENERIC_MMU_NOTIFIER_H
#define KSHIM_FORM_GENERIC_MMU_NOTIFIER_H

#include <linux/kvm_host.h>

/* The number of notifiers between start and end. */
static inline long kshim_invalidations(struct kvm *kvm)
{
#ifdef KVM_ARCH_WANT_MMU_NOTIFIER
	return kvm->mmu_invalidate_in_progress;
#else
	return 0;	/* s390 */
#endif
}

/* A new VM has had n of them already; on s390 KVM does not count them. */
static inline void kshim_begin_invalidations(struct kvm *kvm, unsigned long n)
{
#ifdef KVM_ARCH_WANT_MMU_NOTIFIER
	kvm->mmu_invalidate_seq += n;
#endif
}

#endif
