// SPDX-License-Identifier: GPL-2.0-only
/* What sim calls to let a vCPU execute one access, or a run of them: sets it up and calls the vCPU file's KVM_RUN. */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include "kvm_cache_regs.h"
#include "x86.h"
#include "model.h"
#include <kshim/arch.h>

/*
 * The instruction of an access: MOV or XCHG between [RBX] and RAX. Opcodes with bit 0 clear are the byte forms. Returns
 * the length.
 */
static unsigned int encode(u8 *insn, enum kvmsim_access_op op, unsigned int len)
{
	static const u8 opcode[] = { [KVMSIM_READ] = 0x8b, [KVMSIM_WRITE] = 0x89, [KVMSIM_XCHG] = 0x87 };
	unsigned int n = 0;

	if (len == 2)
		insn[n++] = 0x66;	/* operand size */
	if (len == 8)
		insn[n++] = 0x48;	/* REX.W */
	insn[n++] = len == 1 ? opcode[op] & ~1 : opcode[op];
	insn[n++] = 0x03;		/* ModRM: [RBX], RAX */
	return n;
}

static const u8 invlpg[] = { 0x0f, 0x01, 0x3b };	/* INVLPG [RBX] */
static const u8 mov_cr3[] = { 0x0f, 0x22, 0xd8 };	/* MOV CR3, RAX */

static bool valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a)
{
	u64 limit;

	if (a->op > KVMSIM_LOAD_CR3 || (a->len != 1 && a->len != 2 && a->len != 4 && a->len != 8))
		return false;
	if ((a->op == KVMSIM_FETCH || a->op > KVMSIM_XCHG) && a->len != 1)
		return false;
	if (a->op > KVMSIM_XCHG)
		return true;
	if (is_paging(vcpu)) {
		if (is_long_mode(vcpu))
			return a->addr + a->len > a->addr;
		limit = BIT_ULL(32);
	} else {
		/* With shadow paging and no guest paging the processor walks a PAE table, which covers 4 GiB. */
		limit = BIT_ULL(model_personality == MODEL_SHADOW ? 32 : MODEL_MAXPHYADDR);
	}
	return a->addr < limit && limit - a->addr >= a->len && (a->len < 8 || model_flat64(vcpu));
}

/*
 * Gives the vCPU its next instruction. RAX and RBX are its operands whether or not KVM emulates it, so that the
 * registers that user space reads do not depend on that.
 */
static void start(struct vcpu_sim *vs, const struct kvmsim_access *a)
{
	struct model_access *m = &vs->access;
	struct kvm_vcpu *vcpu = &vs->vcpu;

	memset(m, 0, sizeof(*m));
	m->a = *a;
	m->state = MODEL_PENDING;
	if (a->op == KVMSIM_FETCH) {
		/* Executes the byte at addr, as a one-byte instruction without effect. */
		m->insn_len = 1;
		kvm_rip_write(vcpu, a->addr);
	} else if (a->op == KVMSIM_LOAD_CR3) {
		m->insn_len = sizeof(mov_cr3);
		memcpy(m->insn, mov_cr3, sizeof(mov_cr3));
		kvm_rax_write(vcpu, a->addr);
	} else if (a->op == KVMSIM_INVLPG) {
		m->insn_len = sizeof(invlpg);
		memcpy(m->insn, invlpg, sizeof(invlpg));
		kvm_rbx_write(vcpu, a->addr);
	} else {
		m->insn_len = encode(m->insn, a->op, a->len);
		if (a->len < 8)
			m->a.value &= GENMASK_ULL(8 * a->len - 1, 0);
		if (a->op != KVMSIM_READ)
			kvm_rax_write(vcpu, m->a.value);
		kvm_rbx_write(vcpu, a->addr);
	}
	m->rip = kvm_rip_read(vcpu);
	memset(&vs->workload, 0, sizeof(vs->workload));
}

static void fill_result(struct vcpu_sim *vs, u32 faults_before, struct kvmsim_access_result *r)
{
	struct model_access *m = &vs->access;

	r->faults = m->all_faults - faults_before;
	r->value = m->a.value;
	switch (m->state) {
	case MODEL_DONE:
		r->done = 1;
		break;
	case MODEL_EXCEPTION:
		r->done = 1;
		r->exception = 1;
		r->vector = m->vector;
		r->error_code = m->error_code;
		r->cr2 = m->vector == PF_VECTOR ? m->cr2 : 0;
		break;
	case MODEL_ABORTED:
		r->ret = -ELOOP;
		break;
	default:
		if (!r->ret || (r->ret == -EFAULT && vs->vcpu.run->exit_reason == KVM_EXIT_MEMORY_FAULT))
			r->exit_reason = vs->vcpu.run->exit_reason;
		return;
	}
	m->state = MODEL_IDLE;
}

static void run(struct vcpu_sim *vs, struct file *file, struct kvmsim_access_result *r)
{
	u32 faults_before = vs->access.all_faults;

	memset(r, 0, sizeof(*r));
	vs->running = true;
	r->ret = file->f_op->unlocked_ioctl(file, KVM_RUN, 0);
	vs->running = false;
	fill_result(vs, faults_before, r);
}

int kshim_arch_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			   struct kvmsim_access_result *r)
{
	struct vcpu_sim *vs = to_sim(vcpu);

	if (!a && vs->access.state == MODEL_IDLE)
		return -EINVAL;
	if (a) {
		if (vs->access.state == MODEL_PENDING)
			return -EBUSY;
		if (!valid(vcpu, a))
			return -EINVAL;
		start(vs, a);
	}
	if (vs->access.state == MODEL_PENDING) {
		run(vs, file, r);
	} else {
		/* User space's own KVM_RUN has completed it. */
		memset(r, 0, sizeof(*r));
		fill_result(vs, vs->access.all_faults, r);
	}
	if (a && r->done)
		a->value = r->value;
	return 0;
}

int kshim_arch_vcpu_abandon(struct kvm_vcpu *vcpu)
{
	struct vcpu_sim *vs = to_sim(vcpu);

	if (vs->access.state != MODEL_PENDING)
		return -EINVAL;
	vs->access.state = MODEL_IDLE;
	memset(&vs->workload, 0, sizeof(vs->workload));
	return 0;
}

int kshim_arch_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			     uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			     struct kvmsim_access_result *r)
{
	struct vcpu_sim *vs = to_sim(vcpu);
	struct kvmsim_access a = {
		.op = op, .len = op == KVMSIM_FETCH ? 1 : 8, .addr = addr, .value = 0x5a5a5a5a5a5a5a5a };
	struct kvmsim_access last = a;

	memset(r, 0, sizeof(*r));
	*done = 0;
	if (vs->access.state == MODEL_PENDING)
		return -EBUSY;
	if (len < a.len || addr + len < addr)
		return -EINVAL;
	last.addr = addr + len - a.len;
	if (!valid(vcpu, &a) || !valid(vcpu, &last))
		return -EINVAL;
	if (!count)
		return 0;
	start(vs, &a);
	vs->workload = (struct model_workload){
		.left = count - 1, .first = addr, .stride = stride,
		/* The last access begins inside len and ends inside it. */
		.bytes = len - a.len + 1,
	};
	run(vs, file, r);
	*done = vs->workload.done;
	memset(&vs->workload, 0, sizeof(vs->workload));
	return 0;
}
