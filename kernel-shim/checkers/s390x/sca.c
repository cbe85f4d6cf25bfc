// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the system-control area: each vCPU's control block names the one that its VM has now, all in the same
 * format, and where the CPU interprets SIGP the area has an entry for each vCPU and for nobody else.
 */
#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/kvm_host.h>
#include <kshim/host.h>
#include "model.h"
#include "checkers.h"

/* An area as the CPU sees it: the format is in each control block. */
struct area {
	const void *at;
	bool extended;
};

static unsigned int slots(const struct area *a)
{
	return a->extended ? KVM_S390_ESCA_CPU_SLOTS : KVM_S390_BSCA_CPU_SLOTS;
}

/* The control block's address that the entry of a vCPU has, or 0. */
static u64 entry(const struct area *a, unsigned int id)
{
	return a->extended ? ((const struct esca_block *)a->at)->cpu[id].sda :
			     ((const struct bsca_block *)a->at)->cpu[id].sda;
}

/* Whether the mask says that the entry is valid. */
static bool valid(const struct area *a, unsigned int id)
{
	const void *mask = a->extended ? (const void *)((const struct esca_block *)a->at)->mcn :
					 (const void *)&((const struct bsca_block *)a->at)->mcn;

	return test_bit_inv(id, mask);
}

static int found(struct kvm *kvm, unsigned int id, const char *what)
{
	host_check("sca", "VM of process %d: vCPU %u %s", kvm->userspace_pid, id, what);
	return 1;
}

/* The vCPU's own entry, if its CPU looks at entries at all. */
static int check_entry(struct kvm_vcpu *vcpu, const struct area *a)
{
	if (!(vcpu->arch.sie_block->eca & ECA_SIGPI))
		return 0;
	if (vcpu->vcpu_id >= slots(a))
		return found(vcpu->kvm, vcpu->vcpu_id, "has no place in its system-control area");
	if (entry(a, vcpu->vcpu_id) != virt_to_phys(vcpu->arch.sie_block))
		return found(vcpu->kvm, vcpu->vcpu_id,
			     "has an entry of its system-control area without its control block");
	if (!valid(a, vcpu->vcpu_id))
		return found(vcpu->kvm, vcpu->vcpu_id, "has an entry of its system-control area that is not valid");
	return 0;
}

static int check_nobodys(struct kvm *kvm, const struct area *a)
{
	unsigned int id;

	for (id = 0; id < slots(a); id++)
		if ((entry(a, id) || valid(a, id)) && !kvm_get_vcpu_by_id(kvm, id))
			return found(kvm, id, "does not exist, but has an entry of the system-control area");
	return 0;
}

int kshim_check_sca(struct kvm *kvm)
{
	struct area a = {.at = kvm->arch.sca};
	struct kvm_vcpu *vcpu;
	unsigned long i;
	bool first = true;
	int ret;

	/* Its control blocks have none, and user space may write to them. */
	if (kshim_is_ucontrol(kvm))
		return 0;
	kvm_for_each_vcpu(i, vcpu, kvm) {
		const struct kvm_s390_sie_block *sie = vcpu->arch.sie_block;

		if (s390_sie_sca(sie) != virt_to_phys(kvm->arch.sca))
			return found(kvm, vcpu->vcpu_id, "does not have its VM's system-control area");
		if (first)
			a.extended = sie->ecb2 & ECB2_ESCA;
		first = false;
		if (a.extended != !!(sie->ecb2 & ECB2_ESCA))
			return found(kvm, vcpu->vcpu_id,
				     "has the system-control area in another format than the first vCPU");
		ret = check_entry(vcpu, &a);
		if (ret)
			return ret;
	}
	return first ? 0 : check_nobodys(kvm, &a);
}
