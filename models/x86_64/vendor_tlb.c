// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor module's table root and TLB flushes. Each flush reaches as far as the instruction behind it:
 *
 *              EPT (vmx.c)                        NPT (svm.c)               shadow (svm.c)
 * all          INVEPT global                      flush by ASID             flush by ASID
 * current      INVEPT of the current EPTP         flush by ASID             flush by ASID
 * gva          INVVPID address                    INVLPGA                   INVLPGA
 * guest        INVVPID context                    flush by ASID             flush by ASID
 *
 * The first two, and every flush by ASID, also drop the entries of the paging-structure cache of KVM's own tables. So
 * does INVLPGA, whatever its address (APM vol. 2, 5.5.2). INVVPID does not, because those entries are guest-physical.
 * Entries of the guest's own tables are not cached.
 *
 * INVEPT drops guest-physical and combined entries. INVVPID drops only what was made with a linear address; as in
 * hardware, that excludes entries made under EPT while the guest had paging off. The TLB belongs to the vCPU (each has
 * its own ASID or VPID) and not to the CPU: a vCPU that moves requests a flush of all, like with both vendors.
 */
#include <linux/kvm_host.h>
#include "mmu.h"
#include "x86.h"
#include "model.h"

enum tlb_kind model_tlb_kind(struct kvm_vcpu *vcpu)
{
	return model_personality == MODEL_EPT && !is_paging(vcpu) ? TLB_PHYSICAL : TLB_LINEAR;
}

/* Under EPT, entries belong to the root they came from. Under an ASID they are used whatever the root is now. */
u64 model_tlb_tag(struct vcpu_sim *vs)
{
	return model_personality == MODEL_EPT ? vs->root : 0;
}

void model_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root, int level)
{
	struct vcpu_sim *vs = to_sim(vcpu);

	vs->root = root;
	vs->root_level = level;
}

static void flushed(unsigned int entries)
{
	model_count(guest_tlb_flushed_entries, entries);
}

static void flush_asid(struct kvm_vcpu *vcpu)
{
	flushed(model_tlb_flush_all(to_sim(vcpu)->tlb));
	model_walk_cache_flush(&to_sim(vcpu)->walk_cache);
}

void model_flush_tlb_all(struct kvm_vcpu *vcpu)
{
	model_count(guest_tlb_flush_all, 1);
	flush_asid(vcpu);
}

void model_flush_tlb_current(struct kvm_vcpu *vcpu)
{
	hpa_t root = vcpu->arch.mmu->root.hpa;

	model_count(guest_tlb_flush_current, 1);
	if (model_personality != MODEL_EPT) {
		flush_asid(vcpu);
	} else if (VALID_PAGE(root)) {
		flushed(model_tlb_flush_root(to_sim(vcpu)->tlb, root));
		model_walk_cache_flush_tag(&to_sim(vcpu)->walk_cache, root);
	}
}

void model_flush_tlb_gva(struct kvm_vcpu *vcpu, gva_t addr)
{
	model_count(guest_tlb_flush_gva, 1);
	flushed(model_tlb_flush_addr(to_sim(vcpu)->tlb, TLB_LINEAR, addr));
	if (model_personality != MODEL_EPT)
		model_walk_cache_flush(&to_sim(vcpu)->walk_cache);
}

void model_flush_tlb_guest(struct kvm_vcpu *vcpu)
{
	model_count(guest_tlb_flush_guest, 1);
	if (model_personality == MODEL_EPT)
		flushed(model_tlb_flush_kind(to_sim(vcpu)->tlb, TLB_LINEAR));
	else
		flush_asid(vcpu);
}

bool model_tlb_flush_pending(struct kvm_vcpu *vcpu)
{
	return kvm_test_request(KVM_REQ_TLB_FLUSH, vcpu) || kvm_test_request(KVM_REQ_TLB_FLUSH_CURRENT, vcpu) ||
	       kvm_test_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu) || kvm_test_request(KVM_REQ_MMU_SYNC, vcpu) ||
	       kvm_test_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, vcpu) || !VALID_PAGE(vcpu->arch.mmu->root.hpa);
}
