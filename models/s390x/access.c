// SPDX-License-Identifier: GPL-2.0-only
/* What sim calls to let a vCPU execute one access, or a run of them: sets it up and calls the vCPU file's KVM_RUN. */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include "guest.h"
#include <kshim/arch.h>

#define MAX_VCPUS 1024

static struct model_vcpu vcpus[MAX_VCPUS];
static struct host_lock vcpus_lock;

/* The record of a vCPU; NULL: there are too many of them. */
static struct model_vcpu *record_of(struct kvm_vcpu *vcpu)
{
	struct model_vcpu *v, *found = NULL;

	host_lock(&vcpus_lock);
	for (v = vcpus; v < vcpus + MAX_VCPUS; v++) {
		if (!v->vcpu || v->vcpu == vcpu) {
			found = v;
			break;
		}
	}
	/* Another vCPU at the address of one that was freed begins to count anew. */
	if (found && (!found->vcpu || vcpu->stat.exit_userspace < found->exits)) {
		memset(found, 0, sizeof(*found));
		found->vcpu = vcpu;
	}
	host_unlock(&vcpus_lock);
	return found;
}

/* 64-bit addresses; what an access beyond the guest's limit ends in is KVM's to say. */
static bool valid(const struct kvmsim_access *a)
{
	unsigned int op = a->op & ~KVMSIM_NESTED;
	struct guest_insn insn;

	if (op == KVMSIM_INSN)
		return !a->user && insn_decode(a->value, a->len, &insn);
	if (op > KVMSIM_XCHG || a->user || (a->len != 1 && a->len != 2 && a->len != 4 && a->len != 8))
		return false;
	return (op != KVMSIM_FETCH || a->len == 1) && a->addr + a->len > a->addr;
}

static void start(struct model_vcpu *v, const struct kvmsim_access *a)
{
	struct model_access *m = &v->access;
	struct kvm_vcpu *vcpu = v->vcpu;

	memset(m, 0, sizeof(*m));
	m->a = *a;
	m->a.op &= ~KVMSIM_NESTED;
	if (m->a.op != KVMSIM_INSN && a->len < 8)
		m->a.value &= GENMASK_ULL(8 * a->len - 1, 0);
	m->nested = a->op & KVMSIM_NESTED;
	m->inner = m->nested ? MODEL_PENDING : MODEL_IDLE;
	m->state = MODEL_PENDING;
	m->delivered = vcpu->stat.deliver_program;
	/* KVM_RUN takes the PSW from kvm_run. */
	m->psw_mask = vcpu->run->psw_mask;
	m->psw_addr = vcpu->run->psw_addr;
	memset(&v->workload, 0, sizeof(v->workload));
}

static void fill_exception(const struct model_access *m, struct kvmsim_access_result *r)
{
	r->done = 1;
	r->exception = 1;
	r->vector = m->code;
	r->cr2 = m->teid;
}

/* The vCPU's SIE instruction has ended. */
static void fill_nested(const struct model_access *m, struct kvmsim_access_result *r)
{
	r->done = 1;
	r->intercepted = m->inner != MODEL_DONE;
	if (m->inner == MODEL_EXCEPTION)
		fill_exception(m, r);
	else if (m->inner == MODEL_ABORTED)
		r->ret = -ELOOP;
}

static void fill_result(struct model_vcpu *v, u32 faults_before, struct kvmsim_access_result *r)
{
	struct model_access *m = &v->access;

	r->faults = m->all_faults - faults_before;
	r->value = m->a.value;
	switch (m->state) {
	case MODEL_DONE:
		r->done = 1;
		if (m->nested)
			fill_nested(m, r);
		break;
	case MODEL_EXCEPTION:
		fill_exception(m, r);
		break;
	case MODEL_ABORTED:
		r->ret = -ELOOP;
		break;
	default:
		if (!r->ret)
			r->exit_reason = v->vcpu->run->exit_reason;
		return;
	}
	m->state = MODEL_IDLE;
}

static void run(struct model_vcpu *v, struct file *file, struct kvmsim_access_result *r)
{
	u32 faults_before = v->access.all_faults;

	memset(r, 0, sizeof(*r));
	model_running = v;
	r->ret = file->f_op->unlocked_ioctl(file, KVM_RUN, 0);
	model_running = NULL;
	v->exits = v->vcpu->stat.exit_userspace;
	fill_result(v, faults_before, r);
}

int kshim_arch_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			   struct kvmsim_access_result *r)
{
	struct model_vcpu *v = record_of(vcpu);

	if (!v)
		return -ENOMEM;
	if (!a && v->access.state == MODEL_IDLE)
		return -EINVAL;
	if (a) {
		if (v->access.state == MODEL_PENDING)
			return -EBUSY;
		if (!valid(a))
			return -EINVAL;
		start(v, a);
	}
	if (v->access.state == MODEL_PENDING) {
		run(v, file, r);
	} else {
		memset(r, 0, sizeof(*r));
		fill_result(v, v->access.all_faults, r);
	}
	if (a && r->done)
		a->value = r->value;
	return 0;
}

int kshim_arch_vcpu_abandon(struct kvm_vcpu *vcpu)
{
	struct model_vcpu *v = record_of(vcpu);

	if (!v || v->access.state != MODEL_PENDING)
		return -EINVAL;
	v->access.state = MODEL_IDLE;
	memset(&v->workload, 0, sizeof(v->workload));
	return 0;
}

int kshim_arch_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			     uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			     struct kvmsim_access_result *r)
{
	struct kvmsim_access a = {
		.op = op, .len = (op & ~KVMSIM_NESTED) == KVMSIM_FETCH ? 1 : 8, .addr = addr, .value = 0x5a5a5a5a5a5a5a5a};
	struct model_vcpu *v = record_of(vcpu);

	memset(r, 0, sizeof(*r));
	*done = 0;
	if (!v)
		return -ENOMEM;
	if (v->access.state == MODEL_PENDING)
		return -EBUSY;
	if (len < a.len || addr + len < addr || !valid(&a))
		return -EINVAL;
	if (!count)
		return 0;
	start(v, &a);
	v->workload = (struct model_workload){
		.left = count - 1,
		.first = addr,
		.stride = stride,
		/* The last access begins inside len and ends inside it. */
		.bytes = len - a.len + 1,
	};
	run(v, file, r);
	*done = v->workload.done;
	memset(&v->workload, 0, sizeof(v->workload));
	return 0;
}
