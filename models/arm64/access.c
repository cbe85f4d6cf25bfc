// SPDX-License-Identifier: GPL-2.0-only
/* The records of the vCPUs and the next instruction of each: an access of arm64, for common/access.c. */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <asm/kvm_emulate.h>
#include <kshim/task.h>
#include "guest.h"

#define MAX_VCPUS 1024

static struct arm64_vcpu vcpus[MAX_VCPUS];
static struct host_lock vcpus_lock;

struct arm64_vcpu *arm64_vcpu_of(struct kvm_vcpu *vcpu)
{
	struct arm64_vcpu *v, *found = NULL;

	host_lock(&vcpus_lock);
	for (v = vcpus; v < vcpus + MAX_VCPUS; v++) {
		if (!v->vcpu || v->vcpu == vcpu) {
			found = v;
			break;
		}
	}
	/* A new vCPU at the address of a freed one starts to count anew. */
	if (found && (!found->vcpu || vcpu->stat.exits < found->exits)) {
		memset(found, 0, sizeof(*found));
		found->vcpu = vcpu;
	}
	if (found)
		found->exits = vcpu->stat.exits;
	host_unlock(&vcpus_lock);
	return found;
}

struct model_access *model_access_of(struct kvm_vcpu *vcpu)
{
	struct arm64_vcpu *v = arm64_vcpu_of(vcpu);

	return v ? &v->access : NULL;
}

bool model_access_valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a)
{
	if (a->op == KVMSIM_INSN)
		return a->len == 4 && !a->user && !vcpu_mode_is_32bit(vcpu) && guest_insn_valid(a->value);
	if (a->op > KVMSIM_XCHG || (a->len != 1 && a->len != 2 && a->len != 4 && a->len != 8))
		return false;
	if (vcpu_mode_is_32bit(vcpu) || !vcpu_get_flag(vcpu, VCPU_INITIALIZED) || (a->user && vcpu_is_el2(vcpu)))
		return false;
	return (a->op != KVMSIM_FETCH || a->len == 1) && a->addr + a->len > a->addr;
}

/* X0 and X1 are its operands whether KVM emulates it or not, so user space always reads the same values there. */
void model_access_start(struct kvm_vcpu *vcpu, struct model_access *m)
{
	struct kvmsim_access *a = &m->a;

	if (a->op == KVMSIM_FETCH) {
		*vcpu_pc(vcpu) = a->addr;
	} else if (a->op != KVMSIM_INSN) {
		if (a->len < 8)
			a->value &= GENMASK_ULL(8 * a->len - 1, 0);
		if (a->op != KVMSIM_READ)
			vcpu_set_reg(vcpu, 0, a->value);
		vcpu_set_reg(vcpu, 1, a->addr);
	}
	m->arch.pc = *vcpu_pc(vcpu);
	m->arch.pstate = *vcpu_cpsr(vcpu);
	m->arch.el2 = is_hyp_ctxt(vcpu);
	if (a->user)
		*vcpu_cpsr(vcpu) = (*vcpu_cpsr(vcpu) & ~(u64)PSR_MODE_MASK) | PSR_MODE_EL0t;
}

long model_access_run(struct kvm_vcpu *vcpu, struct model_access *m, struct file *file)
{
	kshim_call_begins();
	return file->f_op->unlocked_ioctl(file, KVM_RUN, 0);
}

void model_access_result(const struct model_access *m, struct kvmsim_access_result *r)
{
	if (m->state != MODEL_EXCEPTION)
		return;
	r->has_exception = 1;
	/* The exception class, ESR_EL1 and FAR_EL1. */
	r->exception = (struct kvmsim_exception){
		.code = ESR_ELx_EC(m->arch.esr), .syndrome = m->arch.esr, .address = m->arch.far,
	};
}
