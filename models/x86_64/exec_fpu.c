// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code: fences, SSE instructions that move, combine and shuffle 16 bytes, and the control of the FPU. The
 * emulator lacks many of these; the others it would execute in the registers of the host. Operands are in the guest's
 * FXSAVE area, where KVM_GET_FPU finds them. SDM vol. 2, appendix A and each instruction.
 */
#include <linux/kvm_host.h>
#include <asm/fpu/types.h>
#include "kvm_cache_regs.h"
#include "x86.h"
#include "model.h"

struct insn {
	u8 pos;			/* bytes decoded */
	u8 rex, prefix;		/* prefix: 0, 0x66, 0xf2 or 0xf3 */
	u8 op, modrm, imm;
	bool addr32, lock;
	bool three;		/* 0F 3A before op */
	int seg;		/* VCPU_SREG_*, or -1 */
	u64 ea;			/* linear, if modrm names memory */
};

union xmm {
	u64 q[2];
	u32 d[4];
};

static bool is_memory(const struct insn *i)
{
	return i->modrm < 0xc0;
}

static unsigned int reg_of(const struct insn *i)
{
	return (i->modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0);
}

static unsigned int rm_of(const struct insn *i)
{
	return (i->modrm & 7) | (i->rex & 1 ? 8 : 0);
}

static struct fxregs_state *fpu(struct x86_vcpu *v)
{
	return &v->vcpu.arch.guest_fpu.fpstate->regs.fxsave;
}

static union xmm *xmm(struct x86_vcpu *v, unsigned int nr)
{
	return (union xmm *)&fpu(v)->xmm_space[4 * nr];
}

/* Takes the next n bytes, and fetches them if the emulator has not: the rest of an instruction on the next page. */
static int take(struct x86_vcpu *v, struct insn *i, void *to, unsigned int n)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int have = c->fetch.end - c->fetch.data;
	int rc;

	if (i->pos + n > sizeof(c->fetch.data))
		return x86_fault(v, GP_VECTOR, true, 0);
	if (i->pos + n > have) {
		rc = c->ops->fetch(c, c->eip + have, c->fetch.end, i->pos + n - have, &c->exception);
		if (rc != X86EMUL_CONTINUE)
			return rc;
		c->fetch.end = c->fetch.data + i->pos + n;
	}
	memcpy(to, c->fetch.data + i->pos, n);
	i->pos += n;
	return X86EMUL_CONTINUE;
}

static int take_prefixes(struct x86_vcpu *v, struct insn *i)
{
	u8 b;
	int rc;

	i->seg = -1;
	for (;;) {
		rc = take(v, i, &b, 1);
		if (rc != X86EMUL_CONTINUE)
			return rc;
		switch (b) {
		case 0x66:
			i->prefix = i->prefix ?: b;	/* F2 and F3 count more */
			break;
		case 0xf2:
		case 0xf3:
			i->prefix = b;
			break;
		case 0x67:
			i->addr32 = true;
			break;
		case 0xf0:
			i->lock = true;
			break;
		case 0x64:
			i->seg = VCPU_SREG_FS;
			break;
		case 0x65:
			i->seg = VCPU_SREG_GS;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			break;	/* no meaning in 64-bit mode */
		case 0x40 ... 0x4f:
			i->rex = b;
			continue;
		default:
			i->op = b;
			return X86EMUL_CONTINUE;
		}
		i->rex = 0;	/* only right before the opcode */
	}
}

static int take_sib(struct x86_vcpu *v, struct insn *i, u64 *ea, bool *disp32)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int base, index;
	u8 sib;
	int rc = take(v, i, &sib, 1);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	base = (sib & 7) | (i->rex & 1 ? 8 : 0);
	index = (sib >> 3 & 7) | (i->rex & 2 ? 8 : 0);
	*disp32 = (sib & 7) == 5 && i->modrm < 0x40;
	*ea = *disp32 ? 0 : c->ops->read_gpr(c, base);
	if (index != 4)
		*ea += c->ops->read_gpr(c, index) << (sib >> 6);
	return rc;
}

/* ModRM and what belongs to it, and the immediate byte. */
static int take_operands(struct x86_vcpu *v, struct insn *i, bool has_imm)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	bool relative = false, disp32 = false;
	s32 disp = 0;
	s8 disp8;
	int rc = take(v, i, &i->modrm, 1);

	if (rc == X86EMUL_CONTINUE && is_memory(i)) {
		if ((i->modrm & 7) == 4)
			rc = take_sib(v, i, &i->ea, &disp32);
		else if ((i->modrm & 0xc7) == 5)
			relative = disp32 = true;
		else
			i->ea = c->ops->read_gpr(c, rm_of(i));
		if (rc == X86EMUL_CONTINUE && (disp32 || i->modrm >= 0x80)) {
			rc = take(v, i, &disp, 4);
		} else if (rc == X86EMUL_CONTINUE && i->modrm >= 0x40) {
			rc = take(v, i, &disp8, 1);
			disp = disp8;
		}
	}
	if (rc == X86EMUL_CONTINUE && has_imm)
		rc = take(v, i, &i->imm, 1);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	i->ea += disp + (relative ? c->eip + i->pos : 0);
	if (i->addr32)
		i->ea = (u32)i->ea;
	if (i->seg >= 0)
		i->ea += c->ops->get_cached_segment_base(c, i->seg);
	return rc;
}

static int check_address(struct x86_vcpu *v, const struct insn *i, unsigned int bytes, bool aligned)
{
	if (!x86_canonical(v, i->ea) || !x86_canonical(v, i->ea + bytes - 1) ||
	    (aligned && i->ea & 15))
		return x86_fault(v, GP_VECTOR, true, 0);
	return X86EMUL_CONTINUE;
}

/* The right operand: bytes of memory or of a register; the rest of *x is 0. */
static int get(struct x86_vcpu *v, const struct insn *i, union xmm *x, unsigned int bytes, bool aligned)
{
	int rc = X86EMUL_CONTINUE;

	*x = (union xmm){};
	if (!is_memory(i)) {
		memcpy(x, xmm(v, rm_of(i)), bytes);
		return rc;
	}
	rc = check_address(v, i, bytes, aligned);
	return rc == X86EMUL_CONTINUE ? x86_data_read(v, i->ea, x, bytes) : rc;
}

/* Stores bytes of the register operand in the other one, whose rest stays. */
static int put(struct x86_vcpu *v, const struct insn *i, const void *x, unsigned int bytes, bool aligned)
{
	int rc = X86EMUL_CONTINUE;

	if (!is_memory(i)) {
		memcpy(xmm(v, rm_of(i)), x, bytes);
		return rc;
	}
	rc = check_address(v, i, bytes, aligned);
	return rc == X86EMUL_CONTINUE ? x86_data_write(v, i->ea, x, bytes) : rc;
}

/* A load that fills the register; what the operand lacks becomes 0, except between registers. */
static int load(struct x86_vcpu *v, const struct insn *i, unsigned int bytes, bool aligned)
{
	union xmm x;
	int rc = get(v, i, &x, bytes, aligned);

	if (rc == X86EMUL_CONTINUE)
		memcpy(xmm(v, reg_of(i)), &x, is_memory(i) ? sizeof(x) : bytes);
	return rc;
}

/* MOVD and MOVQ between an XMM register and a general one or memory. */
static int general(struct x86_vcpu *v, const struct insn *i, bool to_xmm)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int bytes = i->rex & 8 ? 8 : 4;
	union xmm x = {}, *r = xmm(v, reg_of(i));
	int rc = X86EMUL_CONTINUE;

	if (!to_xmm) {
		memcpy(&x, r, bytes);
		if (is_memory(i))
			return put(v, i, &x, bytes, false);
		c->ops->write_gpr(c, rm_of(i), x.q[0]);
		return rc;
	}
	if (is_memory(i)) {
		rc = get(v, i, &x, bytes, false);
	} else {
		x.q[0] = c->ops->read_gpr(c, rm_of(i));
		if (bytes == 4)
			x.q[0] = (u32)x.q[0];
	}
	if (rc == X86EMUL_CONTINUE)
		*r = x;
	return rc;
}

/* PINSRD and PINSRQ: a general register or memory becomes a part of an XMM register. */
static int insert(struct x86_vcpu *v, const struct insn *i)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int bytes = i->rex & 8 ? 8 : 4, part = i->imm % (16 / bytes);
	union xmm x = {};
	int rc = X86EMUL_CONTINUE;

	if (is_memory(i))
		rc = get(v, i, &x, bytes, false);
	else
		x.q[0] = c->ops->read_gpr(c, rm_of(i));
	if (rc == X86EMUL_CONTINUE)
		memcpy((u8 *)xmm(v, reg_of(i)) + part * bytes, &x, bytes);
	return rc;
}

/* Both operands are read, the result goes to the register. */
static int combine(struct x86_vcpu *v, const struct insn *i)
{
	union xmm *r = xmm(v, reg_of(i)), a = *r, b;
	unsigned int n;
	int rc = get(v, i, &b, 16, true);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	switch (i->op) {
	case 0x54:	/* ANDPS, ANDPD */
	case 0xdb:	/* PAND */
		*r = (union xmm){ .q = { a.q[0] & b.q[0], a.q[1] & b.q[1] } };
		break;
	case 0x55:	/* ANDNPS, ANDNPD */
	case 0xdf:	/* PANDN */
		*r = (union xmm){ .q = { ~a.q[0] & b.q[0], ~a.q[1] & b.q[1] } };
		break;
	case 0x56:	/* ORPS, ORPD */
	case 0xeb:	/* POR */
		*r = (union xmm){ .q = { a.q[0] | b.q[0], a.q[1] | b.q[1] } };
		break;
	case 0x57:	/* XORPS, XORPD */
	case 0xef:	/* PXOR */
		*r = (union xmm){ .q = { a.q[0] ^ b.q[0], a.q[1] ^ b.q[1] } };
		break;
	case 0x62:	/* PUNPCKLDQ */
		*r = (union xmm){ .d = { a.d[0], b.d[0], a.d[1], b.d[1] } };
		break;
	case 0x6c:	/* PUNPCKLQDQ */
		*r = (union xmm){ .q = { a.q[0], b.q[0] } };
		break;
	case 0x6d:	/* PUNPCKHQDQ */
		*r = (union xmm){ .q = { a.q[1], b.q[1] } };
		break;
	case 0x70:	/* PSHUFD */
		for (n = 0; n < 4; n++)
			r->d[n] = b.d[i->imm >> 2 * n & 3];
		break;
	}
	return rc;
}

/* MOVLPS, MOVHPS, MOVLPD and MOVHPD; between registers MOVHLPS and MOVLHPS. */
static int half(struct x86_vcpu *v, const struct insn *i)
{
	union xmm *r = xmm(v, reg_of(i)), x;
	bool high = i->op >= 0x16, store = i->op & 1;
	int rc = X86EMUL_CONTINUE;

	if (!is_memory(i)) {
		r->q[high] = xmm(v, rm_of(i))->q[!high];
		return rc;
	}
	if (store)
		return put(v, i, &r->q[high], 8, false);
	rc = get(v, i, &x, 8, false);
	if (rc == X86EMUL_CONTINUE)
		r->q[high] = x.q[0];
	return rc;
}

/* 0F AE: FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, and with registers the fences. */
static int group_15(struct x86_vcpu *v, const struct insn *i)
{
	struct fxregs_state *f = fpu(v), new;
	int rc;

	switch (i->modrm >> 3 & 7) {
	case 0:
		rc = check_address(v, i, sizeof(*f), true);
		return rc == X86EMUL_CONTINUE ? x86_data_write(v, i->ea, f, sizeof(*f)) : rc;
	case 1:
		rc = check_address(v, i, sizeof(*f), true);
		if (rc == X86EMUL_CONTINUE)
			rc = x86_data_read(v, i->ea, &new, sizeof(new));
		if (rc != X86EMUL_CONTINUE)
			return rc;
		if (new.mxcsr >> 16)
			return x86_fault(v, GP_VECTOR, true, 0);
		*f = new;
		return rc;
	case 2:
		rc = check_address(v, i, 4, false);
		if (rc == X86EMUL_CONTINUE)
			rc = x86_data_read(v, i->ea, &new.mxcsr, 4);
		if (rc != X86EMUL_CONTINUE)
			return rc;
		if (new.mxcsr >> 16)
			return x86_fault(v, GP_VECTOR, true, 0);
		f->mxcsr = new.mxcsr;
		return rc;
	default:
		rc = check_address(v, i, 4, false);
		return rc == X86EMUL_CONTINUE ? x86_data_write(v, i->ea, &f->mxcsr, 4) : rc;
	}
}

#define OP(prefix, op) ((prefix) << 8 | (op))

static int execute(struct x86_vcpu *v, const struct insn *i)
{
	if (i->three && i->prefix == 0x66 && i->op == 0x22)
		return insert(v, i);
	switch (i->three ? 0 : OP(i->prefix, i->op)) {
	case OP(0, 0x10):	/* MOVUPS */
	case OP(0x66, 0x10):	/* MOVUPD */
	case OP(0xf3, 0x6f):	/* MOVDQU */
		return load(v, i, 16, false);
	case OP(0, 0x11):
	case OP(0x66, 0x11):
	case OP(0xf3, 0x7f):
		return put(v, i, xmm(v, reg_of(i)), 16, false);
	case OP(0, 0x28):	/* MOVAPS */
	case OP(0x66, 0x28):	/* MOVAPD */
	case OP(0x66, 0x6f):	/* MOVDQA */
		return load(v, i, 16, true);
	case OP(0, 0x2b):	/* MOVNTPS */
	case OP(0x66, 0x2b):	/* MOVNTPD */
	case OP(0x66, 0xe7):	/* MOVNTDQ */
		if (!is_memory(i))
			return x86_fault(v, UD_VECTOR, false, 0);
		fallthrough;
	case OP(0, 0x29):
	case OP(0x66, 0x29):
	case OP(0x66, 0x7f):
		return put(v, i, xmm(v, reg_of(i)), 16, true);
	case OP(0xf3, 0x10):	/* MOVSS */
		return load(v, i, 4, false);
	case OP(0xf3, 0x11):
		return put(v, i, xmm(v, reg_of(i)), 4, false);
	case OP(0xf2, 0x10):	/* MOVSD */
		return load(v, i, 8, false);
	case OP(0xf2, 0x11):
		return put(v, i, xmm(v, reg_of(i)), 8, false);
	case OP(0, 0x12):
	case OP(0, 0x16):
		return half(v, i);
	case OP(0, 0x13):
	case OP(0, 0x17):
	case OP(0x66, 0x12):
	case OP(0x66, 0x13):
	case OP(0x66, 0x16):
	case OP(0x66, 0x17):
		return is_memory(i) ? half(v, i) : x86_fault(v, UD_VECTOR, false, 0);
	case OP(0x66, 0x6e):	/* MOVD, MOVQ */
		return general(v, i, true);
	case OP(0x66, 0x7e):
		return general(v, i, false);
	case OP(0xf3, 0x7e):	/* MOVQ */
	case OP(0x66, 0xd6): {
		union xmm x;
		int rc;

		if (i->op == 0xd6 && is_memory(i))
			return put(v, i, xmm(v, reg_of(i)), 8, false);
		rc = get(v, i, &x, 8, false);
		if (i->op == 0xd6)
			*xmm(v, rm_of(i)) = (union xmm){ .q = { xmm(v, reg_of(i))->q[0] } };
		else if (rc == X86EMUL_CONTINUE)
			*xmm(v, reg_of(i)) = x;
		return rc;
	}
	case OP(0, 0x54) ... OP(0, 0x57):
	case OP(0x66, 0x54) ... OP(0x66, 0x57):
	case OP(0x66, 0x62):
	case OP(0x66, 0x6c) ... OP(0x66, 0x6d):
	case OP(0x66, 0x70):
	case OP(0x66, 0xdb):
	case OP(0x66, 0xdf):
	case OP(0x66, 0xeb):
	case OP(0x66, 0xef):
		return combine(v, i);
	case OP(0, 0xae):
		if (is_memory(i) && (i->modrm >> 3 & 7) < 4)
			return group_15(v, i);
	}
	x86_refuse_insn(v, "an instruction of the FPU that is not modelled");
}

/* FNINIT, FNSTCW and FNSTSW: all that the emulator knows of x87. */
static int execute_x87(struct x86_vcpu *v, const struct insn *i)
{
	struct fxregs_state *f = fpu(v);

	if (i->op == 0xdb && i->modrm == 0xe3) {
		f->cwd = 0x37f;
		f->swd = f->twd = f->fop = 0;
		f->rip = f->rdp = 0;
		return X86EMUL_CONTINUE;
	}
	if ((i->op == 0xd9 || i->op == 0xdd) && is_memory(i) && (i->modrm >> 3 & 7) == 7) {
		int rc = check_address(v, i, 2, false);

		return rc == X86EMUL_CONTINUE ?
		       x86_data_write(v, i->ea, i->op == 0xd9 ? &f->cwd : &f->swd, 2) : rc;
	}
	x86_refuse_insn(v, "an x87 instruction");
}

/* Second opcode bytes of instructions that use XMM or MMX registers. CLFLUSH and 0F C3 (MOVNTI) do not. */
static bool is_simd(u8 op)
{
	switch (op) {
	case 0x10 ... 0x17:
	case 0x28 ... 0x2f:
	case 0x3a:
	case 0x50 ... 0x7f:
	case 0xc2:
	case 0xc4 ... 0xc6:
	case 0xd0 ... 0xfe:
		return true;
	}
	return false;
}

/* Which of them have an immediate byte; all behind 0F 3A have one. */
static bool has_imm(u8 op)
{
	return op == 0x70 || op == 0xc2 || (op >= 0xc4 && op <= 0xc6);
}

/*
 * Returns whether the bytes that are known may begin with an instruction of this file: behind prefixes, they end, or
 * there are the opcodes of x87, SIMD or group 15.
 */
static bool may_be_fpu(const struct x86_code *k)
{
	unsigned int n;

	for (n = 0; n < k->nr_bytes; n++) {
		switch (k->bytes[n]) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x40 ... 0x4f:
		case 0x64 ... 0x67:
		case 0xf0:
		case 0xf2 ... 0xf3:
			continue;
		case 0xd8 ... 0xdf:
			return true;
		case 0x0f:
			return n + 1 == k->nr_bytes || k->bytes[n + 1] == 0xae || is_simd(k->bytes[n + 1]);
		default:
			return false;
		}
	}
	return k->nr_bytes;
}

bool x86_execute_fpu(struct x86_vcpu *v, int *rc)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	struct insn i = {};
	bool x87, sse;

	if (!may_be_fpu(&v->code))
		return false;
	memcpy(c->fetch.data, v->code.bytes, v->code.nr_bytes);
	c->fetch.end = c->fetch.data + v->code.nr_bytes;
	c->_eip = c->eip;
	*rc = take_prefixes(v, &i);
	if (*rc != X86EMUL_CONTINUE)
		return true;
	x87 = (i.op & 0xf8) == 0xd8;
	if (!x87 && i.op != 0x0f)
		return false;
	if (!x87)
		*rc = take(v, &i, &i.op, 1);
	sse = !x87 && is_simd(i.op);
	if (*rc == X86EMUL_CONTINUE && !x87 && !sse && i.op != 0xae)
		return false;
	i.three = sse && i.op == 0x3a;
	if (i.three && *rc == X86EMUL_CONTINUE)
		*rc = take(v, &i, &i.op, 1);
	if (*rc == X86EMUL_CONTINUE)
		*rc = take_operands(v, &i, i.three || (sse && has_imm(i.op)));
	if (*rc != X86EMUL_CONTINUE)
		return true;
	c->_eip = c->eip + i.pos;
	if (i.op == 0xae && !x87 && !sse) {
		unsigned int group = i.modrm >> 3 & 7;

		if (is_memory(&i) && group > 3)
			return false;	/* CLFLUSH, CLFLUSHOPT; XSAVE is refused later */
		if (!is_memory(&i) && group >= 5 && !i.prefix)
			return true;	/* LFENCE, MFENCE, SFENCE: the model's memory is in order */
	}
	v->code.fpu = true;
	if (i.lock || (sse && kvm_is_cr0_bit_set(&v->vcpu, X86_CR0_EM)) ||
	    (sse && !kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_OSFXSR)))
		*rc = x86_fault(v, UD_VECTOR, false, 0);
	else if (kvm_is_cr0_bit_set(&v->vcpu, X86_CR0_TS) || (!sse && kvm_is_cr0_bit_set(&v->vcpu, X86_CR0_EM)))
		*rc = x86_fault(v, NM_VECTOR, false, 0);
	else
		*rc = x87 ? execute_x87(v, &i) : execute(v, &i);
	return true;
}
