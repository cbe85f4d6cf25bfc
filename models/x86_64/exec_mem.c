// SPDX-License-Identifier: GPL-2.0-only
/* Guest code's memory: what the emulator reads, writes and fetches goes through the TLB and the page-table walks. */
#include <linux/kvm_host.h>
#include "x86.h"
#include "model.h"
#include <kshim/move.h>

static struct x86_vcpu *vcpu_of(struct x86_emulate_ctxt *c)
{
	return x86_vcpu_of(c->vcpu);
}

/* The parts of an access, each within one page. */
static void split(u64 addr, unsigned int bytes, struct model_piece p[2])
{
	unsigned int first = min_t(u64, bytes, PAGE_SIZE - offset_in_page(addr));

	p[0] = (struct model_piece){ .addr = addr, .len = first };
	p[1] = (struct model_piece){ .addr = addr + first, .len = bytes - first };
}

/*
 * Finds where an access goes, all of it before any of it is done. X86EMUL_PROPAGATE_FAULT: *e is a #PF of the guest.
 * X86EMUL_UNHANDLEABLE: v->exit is set.
 */
static int find(struct x86_vcpu *v, struct model_piece p[2], unsigned int access, struct x86_exception *e)
{
	struct walk_result r;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!p[i].len || x86_translate(v, p[i].addr, access, &p[i].pa, &r))
			continue;
		if (!x86_walk_failed(v, &r, p[i].addr, access))
			return X86EMUL_UNHANDLEABLE;
		*e = (struct x86_exception){
			.vector = PF_VECTOR, .error_code_valid = true, .error_code = r.error_code, .address = p[i].addr,
		};
		return X86EMUL_PROPAGATE_FAULT;
	}
	return X86EMUL_CONTINUE;
}

static int read_as(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes, unsigned int access,
		   struct x86_exception *e)
{
	struct model_piece p[2];
	int rc;

	split(addr, bytes, p);
	rc = find(v, p, access, e);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	kshim_move(val, __va(p[0].pa), p[0].len);
	if (p[1].len)
		kshim_move(val + p[0].len, __va(p[1].pa), p[1].len);
	return rc;
}

static int write_as(struct x86_vcpu *v, u64 addr, const void *val, unsigned int bytes, unsigned int access,
		    struct x86_exception *e)
{
	struct model_piece p[2];
	int rc;

	split(addr, bytes, p);
	rc = find(v, p, access, e);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	kshim_move(__va(p[0].pa), val, p[0].len);
	if (p[1].len)
		kshim_move(__va(p[1].pa), val + p[0].len, p[1].len);
	return rc;
}

/* The right that an access of the code itself needs. */
static unsigned int user(struct x86_vcpu *v)
{
	return model_get_cpl(&v->vcpu) == 3 ? WALK_USER : 0;
}

int x86_system_read(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes)
{
	return read_as(v, addr, val, bytes, WALK_READ, &v->code.ctxt.exception);
}

int x86_system_write(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes)
{
	return write_as(v, addr, val, bytes, WALK_WRITE, &v->code.ctxt.exception);
}

int x86_data_read(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes)
{
	return read_as(v, addr, val, bytes, WALK_READ | user(v), &v->code.ctxt.exception);
}

int x86_data_write(struct x86_vcpu *v, u64 addr, const void *val, unsigned int bytes)
{
	return write_as(v, addr, val, bytes, WALK_WRITE | user(v), &v->code.ctxt.exception);
}

/* --- the emulator's operations --- */

static int op_read_std(struct x86_emulate_ctxt *c, unsigned long addr, void *val, unsigned int bytes,
		       struct x86_exception *e, bool system)
{
	return read_as(vcpu_of(c), addr, val, bytes, WALK_READ | (system ? 0 : user(vcpu_of(c))), e);
}

static int op_write_std(struct x86_emulate_ctxt *c, unsigned long addr, void *val, unsigned int bytes,
			struct x86_exception *e, bool system)
{
	return write_as(vcpu_of(c), addr, val, bytes, WALK_WRITE | (system ? 0 : user(vcpu_of(c))), e);
}

static int op_fetch(struct x86_emulate_ctxt *c, unsigned long addr, void *val, unsigned int bytes,
		    struct x86_exception *e)
{
	return read_as(vcpu_of(c), addr, val, bytes, WALK_FETCH | user(vcpu_of(c)), e);
}

/* CMP, TEST and BT have a destination in memory that they only read. POP reads the stack, and writes elsewhere. */
static bool only_reads(const struct x86_emulate_ctxt *c)
{
	unsigned int reg = c->modrm >> 3 & 7;

	if (c->opcode_len == 2)
		return c->b == 0xa3 || (c->b == 0xba && reg == 4);
	if (c->opcode_len != 1)
		return true;
	switch (c->b) {
	case 0x38 ... 0x39:
	case 0x84 ... 0x85:
	case 0x8f:
		return true;
	case 0x80 ... 0x83:
		return reg == 7;
	case 0xf6 ... 0xf7:
		return reg < 2;
	}
	return false;
}

/* A destination that is read will be written: one access with both rights, and one fault, like a processor's. */
static int op_read(struct x86_emulate_ctxt *c, unsigned long addr, void *val, unsigned int bytes,
		   struct x86_exception *e)
{
	bool modify = c->dst.type == OP_MEM && c->src.type != OP_MEM && !only_reads(c);

	return read_as(vcpu_of(c), addr, val, bytes,
		       WALK_READ | (modify ? WALK_WRITE : 0) | user(vcpu_of(c)), e);
}

static int op_write(struct x86_emulate_ctxt *c, unsigned long addr, const void *val, unsigned int bytes,
		    struct x86_exception *e)
{
	return write_as(vcpu_of(c), addr, val, bytes, WALK_WRITE | user(vcpu_of(c)), e);
}

static bool exchange(void *mem, const void *old, const void *new, unsigned int bytes)
{
	u64 o = 0, n = 0;

	memcpy(&o, old, bytes);
	memcpy(&n, new, bytes);
	switch (bytes) {
	case 1:
		return try_cmpxchg((u8 *)mem, (u8 *)&o, n);
	case 2:
		return try_cmpxchg((u16 *)mem, (u16 *)&o, n);
	case 4:
		return try_cmpxchg((u32 *)mem, (u32 *)&o, n);
	default:
		return try_cmpxchg((u64 *)mem, &o, n);
	}
}

/* A locked instruction over two pages would lock the bus: that is refused. */
static int op_cmpxchg(struct x86_emulate_ctxt *c, unsigned long addr, const void *old, const void *new,
		      unsigned int bytes, struct x86_exception *e)
{
	struct x86_vcpu *v = vcpu_of(c);
	struct model_piece p[2];
	int rc;

	split(addr, bytes, p);
	rc = find(v, p, WALK_READ | WALK_WRITE | user(v), e);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (p[1].len || bytes > 8)
		x86_refuse_insn(v, "a locked access to two pages, or to 16 bytes");
	if (exchange(__va(p[0].pa), old, new, bytes))
		return X86EMUL_CONTINUE;
	v->code.retry = true;
	return X86EMUL_CMPXCHG_FAILED;
}

void x86_code_mem_ops(struct x86_emulate_ops *ops)
{
	ops->read_std = op_read_std;
	ops->write_std = op_write_std;
	ops->fetch = op_fetch;
	ops->read_emulated = op_read;
	ops->write_emulated = op_write;
	ops->cmpxchg_emulated = op_cmpxchg;
}
