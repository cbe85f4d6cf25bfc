// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the models of other architectures do, and arm64's does not do yet. A part that is modelled moves to a file of
 * its own.
 */
#include <kshim/hw.h>
#include "model.h"

/* --- inspection --- */

int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out)
{
	model_unmodelled();
}

int kshim_hw_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out)
{
	model_unmodelled();
}

void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg)
{
	model_unmodelled();
}
