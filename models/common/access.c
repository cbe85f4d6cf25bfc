// SPDX-License-Identifier: GPL-2.0-only
/* The calls with which sim lets a vCPU execute one access or more: set up, then the vCPU file's KVM_RUN. */
#include <linux/kvm_host.h>
#include "access.h"
#include <kshim/hw.h>
#include <kshim/move.h>

static void start(struct kvm_vcpu *vcpu, struct model_access *m, const struct kvmsim_access *a)
{
	memset(m, 0, sizeof(*m));
	m->a = *a;
	m->state = MODEL_PENDING;
	model_access_start(vcpu, m);
}

static void fill_result(struct kvm_vcpu *vcpu, struct model_access *m, u32 faults_before,
			struct kvmsim_access_result *r)
{
	r->faults = m->all_faults - faults_before;
	r->value = m->a.value;
	switch (m->state) {
	case MODEL_DONE:
	case MODEL_EXCEPTION:
		r->done = 1;
		model_access_result(m, r);
		break;
	case MODEL_ABORTED:
		r->ret = -ELOOP;
		break;
	default:
		r->exit_reason = vcpu->run->exit_reason;
		return;
	}
	m->state = MODEL_IDLE;
}

static void run(struct kvm_vcpu *vcpu, struct file *file, struct model_access *m, struct kvmsim_access_result *r)
{
	u32 faults_before = m->all_faults;

	memset(r, 0, sizeof(*r));
	r->ret = model_access_run(vcpu, m, file);
	fill_result(vcpu, m, faults_before, r);
}

int kshim_hw_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			 struct kvmsim_access_result *r)
{
	struct model_access *m = model_access_of(vcpu);

	if (!m)
		return -ENOMEM;
	if (!a && m->state == MODEL_IDLE)
		return -EINVAL;
	if (a) {
		if (m->state == MODEL_PENDING)
			return -EBUSY;
		if (!model_access_valid(vcpu, a))
			return -EINVAL;
		start(vcpu, m, a);
	}
	if (m->state == MODEL_PENDING) {
		run(vcpu, file, m, r);
	} else {
		/* User space's own KVM_RUN has completed it. */
		memset(r, 0, sizeof(*r));
		fill_result(vcpu, m, m->all_faults, r);
	}
	if (a && r->done)
		a->value = r->value;
	return 0;
}

int kshim_hw_vcpu_abandon(struct kvm_vcpu *vcpu)
{
	struct model_access *m = model_access_of(vcpu);

	if (!m || m->state != MODEL_PENDING)
		return -EINVAL;
	m->state = MODEL_IDLE;
	memset(&m->workload, 0, sizeof(m->workload));
	return 0;
}

int kshim_hw_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			   uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			   struct kvmsim_access_result *r)
{
	struct kvmsim_access a = {
		.op = op, .len = (op & ~KVMSIM_NESTED) == KVMSIM_FETCH ? 1 : 8, .addr = addr,
		.value = 0x5a5a5a5a5a5a5a5a };
	struct model_access *m = model_access_of(vcpu);
	struct kvmsim_access last = a;

	memset(r, 0, sizeof(*r));
	*done = 0;
	if (!m)
		return -ENOMEM;
	if (m->state == MODEL_PENDING)
		return -EBUSY;
	if (len < a.len || addr + len < addr)
		return -EINVAL;
	last.addr = addr + len - a.len;
	if (!model_access_valid(vcpu, &a) || !model_access_valid(vcpu, &last))
		return -EINVAL;
	if (!count)
		return 0;
	start(vcpu, m, &a);
	m->workload = (struct model_workload){
		.left = count - 1, .first = addr, .stride = stride,
		/* The last access begins and ends inside len. */
		.bytes = model_workload_bytes(len, a.len),
	};
	run(vcpu, file, m, r);
	*done = m->workload.done;
	memset(&m->workload, 0, sizeof(m->workload));
	return 0;
}

bool model_access_next(struct model_access *m)
{
	struct model_workload *w = &m->workload;

	if (!w->left)
		return false;
	w->left--;
	w->offset += w->stride;
	if (w->offset >= w->bytes)
		w->offset -= w->bytes;
	m->a.addr = w->first + w->offset;
	m->faults = 0;
	return true;
}

void model_access_split(const struct kvmsim_access *a, struct model_piece p[2])
{
	/* The smallest page that any table has, the guest's own included. */
	unsigned int first = min_t(u64, a->len, SZ_4K - (a->addr & (SZ_4K - 1)));

	p[0] = (struct model_piece){ .addr = a->addr, .len = first };
	p[1] = (struct model_piece){ .addr = a->addr + first, .len = a->len - first };
}

static u64 exchange(void *mem, u64 value, unsigned int len)
{
	switch (len) {
	case 1:
		return xchg((u8 *)mem, value);
	case 2:
		return xchg((u16 *)mem, value);
	case 4:
		return xchg((u32 *)mem, value);
	default:
		return xchg((u64 *)mem, value);
	}
}

void model_access_perform(struct kvmsim_access *a, const struct model_piece p[2])
{
	u8 *reg = (u8 *)&a->value;
	u64 value = 0;

	/*
	 * An unaligned exchange is a read and a write. x86 would lock the bus. s390 has COMPARE AND SWAP with aligned
	 * operands; for 1 and 2 bytes the compiler uses it on the whole word.
	 */
	if (a->op == KVMSIM_XCHG && !p[1].len && IS_ALIGNED(p[0].pa, a->len)) {
		a->value = exchange(__va(p[0].pa), a->value, a->len);
		return;
	}
	if (a->op != KVMSIM_WRITE) {
		kshim_move(&value, __va(p[0].pa), p[0].len);
		if (p[1].len)
			kshim_move((u8 *)&value + p[0].len, __va(p[1].pa), p[1].len);
	}
	if (a->op == KVMSIM_WRITE || a->op == KVMSIM_XCHG) {
		kshim_move(__va(p[0].pa), reg, p[0].len);
		if (p[1].len)
			kshim_move(__va(p[1].pa), reg + p[0].len, p[1].len);
	}
	if (a->op != KVMSIM_WRITE)
		a->value = value;
}
