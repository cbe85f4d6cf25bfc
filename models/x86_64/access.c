// SPDX-License-Identifier: GPL-2.0-only
/* The vCPU's next instruction: an access of x86, for common/access.c. */
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include "kvm_cache_regs.h"
#include "x86.h"
#include "model.h"
#include <kshim/task.h>
#include <kshim/form/x86_regs_header.h>

/*
 * Encodes the instruction of an access: MOV or XCHG between [RBX] and RAX. Opcodes with bit 0 clear are the byte forms.
 * Returns the length.
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
/* KVMSIM_TLBI with a value: INVPCID of type value - 1, whose descriptor is at the address. */
static const u8 invpcid[] = { 0x66, 0x0f, 0x38, 0x82, 0x03 };	/* INVPCID RAX, [RBX] */
static const u8 mov_cr3[] = { 0x0f, 0x22, 0xd8 };	/* MOV CR3, RAX */

bool model_access_valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a)
{
	u64 limit;

	if (a->op == KVMSIM_CODE)
		return a->len == 1;
	if (a->op > KVMSIM_SET_ROOT || (a->len != 1 && a->len != 2 && a->len != 4 && a->len != 8))
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
		limit = BIT_ULL(model_personality == MODEL_SHADOW ? 32 : model_maxphyaddr());
	}
	return a->addr < limit && limit - a->addr >= a->len && (a->len < 8 || model_flat64(vcpu));
}

struct model_access *model_access_of(struct kvm_vcpu *vcpu)
{
	return &x86_vcpu_of(vcpu)->access;
}

/* RAX and RBX are its operands whether KVM emulates it or not, so user space always reads the same values there. */
void model_access_start(struct kvm_vcpu *vcpu, struct model_access *m)
{
	struct model_access_arch *i = &m->arch;
	struct kvmsim_access *a = &m->a;

	if (a->op == KVMSIM_CODE)
		return;
	if (a->op == KVMSIM_FETCH) {
		/* Executes the byte at addr, as a one-byte instruction without effect. */
		i->insn_len = 1;
		kvm_rip_write(vcpu, a->addr);
	} else if (a->op == KVMSIM_SET_ROOT) {
		i->insn_len = sizeof(mov_cr3);
		memcpy(i->insn, mov_cr3, sizeof(mov_cr3));
		kshim_set_rax(vcpu, a->addr);
	} else if (a->op == KVMSIM_TLBI && a->value) {
		i->insn_len = sizeof(invpcid);
		memcpy(i->insn, invpcid, sizeof(invpcid));
		kshim_set_rax(vcpu, a->value - 1);
		kshim_set_rbx(vcpu, a->addr);
	} else if (a->op == KVMSIM_TLBI) {
		i->insn_len = sizeof(invlpg);
		memcpy(i->insn, invlpg, sizeof(invlpg));
		kshim_set_rbx(vcpu, a->addr);
	} else {
		i->insn_len = encode(i->insn, a->op, a->len);
		if (a->len < 8)
			a->value &= GENMASK_ULL(8 * a->len - 1, 0);
		if (a->op != KVMSIM_READ)
			kshim_set_rax(vcpu, a->value);
		kshim_set_rbx(vcpu, a->addr);
	}
	i->rip = kvm_rip_read(vcpu);
}

long model_access_run(struct kvm_vcpu *vcpu, struct model_access *m, struct file *file)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	long ret;

	v->running = m->a.op != KVMSIM_CODE || !is_paging(vcpu);
	kshim_call_begins();
	ret = file->f_op->unlocked_ioctl(file, KVM_RUN, 0);
	v->running = false;
	return ret;
}

void model_access_result(const struct model_access *m, struct kvmsim_access_result *r)
{
	if (m->state != MODEL_EXCEPTION)
		return;
	r->has_exception = 1;
	/* The error code, and CR2 of #PF. */
	r->exception = (struct kvmsim_exception){
		.code = m->arch.vector, .syndrome = m->arch.error_code,
		.address = m->arch.vector == PF_VECTOR ? m->arch.cr2 : 0,
	};
}
