// SPDX-License-Identifier: GPL-2.0-only
/* The records of the vCPUs and the next instruction of each: an access of s390, for common/access.c. */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <kshim/task.h>
#include "guest.h"

#define MAX_VCPUS 1024

static struct s390_vcpu vcpus[MAX_VCPUS];
static struct host_lock vcpus_lock;
__thread struct s390_vcpu *s390_running;

/* Returns the record of a vCPU, or NULL if there are too many. */
static struct s390_vcpu *record_of(struct kvm_vcpu *vcpu)
{
	struct s390_vcpu *v, *found = NULL;

	host_lock(&vcpus_lock);
	for (v = vcpus; v < vcpus + MAX_VCPUS; v++) {
		if (!v->vcpu || v->vcpu == vcpu) {
			found = v;
			break;
		}
	}
	/* A new vCPU at the address of a freed one starts to count anew. */
	if (found && (!found->vcpu || vcpu->stat.exit_userspace < found->exits)) {
		memset(found, 0, sizeof(*found));
		found->vcpu = vcpu;
	}
	host_unlock(&vcpus_lock);
	return found;
}

struct model_access *model_access_of(struct kvm_vcpu *vcpu)
{
	struct s390_vcpu *v = record_of(vcpu);

	return v ? &v->access : NULL;
}

/* 64-bit addresses. KVM decides how an access beyond the guest's limit ends. */
bool model_access_valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a)
{
	unsigned int op = a->op & ~KVMSIM_NESTED;
	struct guest_insn insn;

	if (op == KVMSIM_INSN)
		return !a->user && insn_decode(a->value, a->len, &insn);
	if (op > KVMSIM_XCHG || a->user || (a->len != 1 && a->len != 2 && a->len != 4 && a->len != 8))
		return false;
	return (op != KVMSIM_FETCH || a->len == 1) && a->addr + a->len > a->addr;
}

void model_access_start(struct kvm_vcpu *vcpu, struct model_access *m)
{
	m->arch.nested = m->a.op & KVMSIM_NESTED;
	m->arch.inner = m->arch.nested ? MODEL_PENDING : MODEL_IDLE;
	m->a.op &= ~KVMSIM_NESTED;
	if (m->a.op == KVMSIM_INSN)
		m->workload.left = m->a.addr;
	else if (m->a.len < 8)
		m->a.value &= GENMASK_ULL(8 * m->a.len - 1, 0);
	m->arch.delivered = vcpu->stat.deliver_program;
	/* KVM_RUN takes the PSW from kvm_run. */
	m->arch.psw_mask = vcpu->run->psw_mask;
	m->arch.psw_addr = vcpu->run->psw_addr;
}

long model_access_run(struct kvm_vcpu *vcpu, struct model_access *m, struct file *file)
{
	struct s390_vcpu *v = container_of(m, struct s390_vcpu, access);
	long ret;

	s390_running = v;
	kshim_call_begins();
	ret = file->f_op->unlocked_ioctl(file, KVM_RUN, 0);
	s390_running = NULL;
	v->exits = vcpu->stat.exit_userspace;
	return ret;
}

static void fill_exception(const struct model_access *m, struct kvmsim_access_result *r)
{
	r->has_exception = 1;
	/* The program-interruption code, the translation-exception identification, and the page in that. */
	r->exception = (struct kvmsim_exception){
		.code = m->arch.code, .syndrome = m->arch.teid, .address = m->arch.teid & PAGE_MASK,
	};
}

void model_access_result(const struct model_access *m, struct kvmsim_access_result *r)
{
	if (m->state == MODEL_EXCEPTION) {
		fill_exception(m, r);
	} else if (m->arch.nested) {
		/* The vCPU's SIE instruction has ended. */
		r->intercepted = m->arch.inner != MODEL_DONE;
		if (m->arch.inner == MODEL_EXCEPTION)
			fill_exception(m, r);
		else if (m->arch.inner == MODEL_ABORTED)
			r->ret = -ELOOP;
	}
}
