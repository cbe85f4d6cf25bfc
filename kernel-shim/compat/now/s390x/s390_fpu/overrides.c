// SPDX-License-Identifier: GPL-2.0-only
/* KVM loads and stores a guest's floating-point registers itself (arch/s390/kvm/kvm-s390.h). */
#include <kshim/marks.h>

/* The guest's floating-point registers stay in kvm_run, no simulated CPU changes them. */
OVERRIDES(kvm_s390_fpu_store, "arch/s390/kvm/kvm-s390.h");
static inline void kvm_s390_fpu_store(struct kvm_run *run)
{
}

OVERRIDES(kvm_s390_fpu_load, "arch/s390/kvm/kvm-s390.h");
static inline void kvm_s390_fpu_load(struct kvm_run *run)
{
}
