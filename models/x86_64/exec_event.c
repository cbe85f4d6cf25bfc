// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and exceptions of a 64-bit guest: through its IDT, with its TSS's stacks, and back by IRET. SDM vol. 3,
 * chapter 7 and vol. 2, IRET; APM vol. 2, 8.9. Registers change only when all of it has worked.
 */
#include <linux/kvm_host.h>
#include "kvm_cache_regs.h"
#include "x86.h"
#include "model.h"

/* What keeps an event from being delivered. */
enum obstacle { NONE, EXIT, EXCEPTION };

#define EXT 1		/* error codes: not caused by INT n */
#define IN_IDT 2	/* error codes: the index is one of the IDT */

#define GATE_INTERRUPT 0xe
#define GATE_TRAP 0xf

int x86_fault(struct x86_vcpu *v, u8 vector, bool has_error_code, u32 error_code)
{
	v->code.ctxt.exception = (struct x86_exception){
		.vector = vector, .error_code_valid = has_error_code, .error_code = error_code,
	};
	return X86EMUL_PROPAGATE_FAULT;
}

static enum obstacle fault(struct x86_vcpu *v, u8 vector, u32 error_code)
{
	x86_fault(v, vector, true, error_code);
	return EXCEPTION;
}

static enum obstacle of(int rc)
{
	return rc == X86EMUL_CONTINUE ? NONE : rc == X86EMUL_PROPAGATE_FAULT ? EXCEPTION : EXIT;
}

/* A descriptor of code or data, and where it is. */
struct descriptor {
	u64 raw, addr;
	unsigned int dpl;
	bool code, present, conforming, writable, l, db, user;
};

static enum obstacle read_descriptor(struct x86_vcpu *v, u16 selector, u32 ext, struct descriptor *d)
{
	struct kvm_segment *ldt = &v->seg[VCPU_SREG_LDTR];
	u64 base = selector & 4 ? ldt->base : v->gdt.address, limit = selector & 4 ? ldt->limit : v->gdt.size;
	enum obstacle o;

	if ((selector | 7) > limit)
		return fault(v, GP_VECTOR, (selector & ~3) | ext);
	d->addr = base + (selector & ~7);
	o = of(x86_system_read(v, d->addr, &d->raw, sizeof(d->raw)));
	if (o)
		return o;
	d->user = d->raw & BIT_ULL(44);
	d->code = d->user && (d->raw & BIT_ULL(43));
	d->conforming = d->code && (d->raw & BIT_ULL(42));
	d->writable = d->user && !d->code && (d->raw & BIT_ULL(41));
	d->dpl = d->raw >> 45 & 3;
	d->present = d->raw & BIT_ULL(47);
	d->l = d->raw & BIT_ULL(53);
	d->db = d->raw & BIT_ULL(54);
	return NONE;
}

/* The processor marks a descriptor that it loads as accessed. */
static enum obstacle mark_accessed(struct x86_vcpu *v, struct descriptor *d)
{
	u64 raw = d->raw | BIT_ULL(40);

	return d->raw == raw ? NONE : of(x86_system_write(v, d->addr, &raw, sizeof(raw)));
}

static void load_segment(struct x86_vcpu *v, int seg, u16 selector, const struct descriptor *d)
{
	u64 raw = d->raw;

	v->seg[seg] = (struct kvm_segment){
		.base = (raw >> 16 & 0xffffff) | (raw >> 56 << 24),
		.limit = (raw & 0xffff) | (raw >> 48 & 0xf) << 16,
		.selector = selector, .type = (raw >> 40 & 0xf) | 1, .s = 1, .dpl = d->dpl, .present = 1,
		.avl = raw >> 52 & 1, .l = d->l, .db = d->db, .g = raw >> 55 & 1,
	};
	if (v->seg[seg].g)
		v->seg[seg].limit = v->seg[seg].limit << 12 | 0xfff;
}

static void load_null(struct x86_vcpu *v, int seg, u16 selector, unsigned int dpl)
{
	v->seg[seg] = (struct kvm_segment){ .selector = selector, .dpl = dpl, .unusable = 1 };
}

static bool is_software(const struct x86_event *ev)
{
	return ev->type == X86_EVENT_SOFT_INTERRUPT || ev->type == X86_EVENT_SOFT_EXCEPTION;
}

/* Exceptions that are reported before the instruction, so that it is executed again. */
static bool is_fault(const struct x86_event *ev)
{
	return ev->type == X86_EVENT_EXCEPTION && ev->vector != DB_VECTOR && ev->vector != DF_VECTOR;
}

static enum obstacle new_stack(struct x86_vcpu *v, unsigned int offset, u32 ext, u64 *rsp)
{
	struct kvm_segment *tr = &v->seg[VCPU_SREG_TR];
	enum obstacle o;

	if (offset + 7 > tr->limit)
		return fault(v, TS_VECTOR, (tr->selector & ~3) | ext);
	o = of(x86_system_read(v, tr->base + offset, rsp, sizeof(*rsp)));
	if (!o && !x86_canonical(v, *rsp))
		return fault(v, SS_VECTOR, ext);
	return o;
}

static enum obstacle deliver(struct x86_vcpu *v, const struct x86_event *ev)
{
	u32 ext = is_software(ev) ? 0 : EXT, code = ev->vector * 8 | IN_IDT | ext;
	u64 gate[2], frame[6], rsp = kvm_rsp_read(&v->vcpu), target;
	unsigned int cpl = model_get_cpl(&v->vcpu), new_cpl, type, ist, n = 0;
	struct descriptor cs;
	enum obstacle o;
	u16 selector;

	if (v->code.ctxt.mode != X86EMUL_MODE_PROT64)
		model_refuse("interrupts and exceptions of guest code outside of 64-bit mode");
	if (v->running)
		model_refuse("interrupts and exceptions of guest code without paging");
	if (ev->vector * 16 + 15 > v->idt.size)
		return fault(v, GP_VECTOR, code);
	o = of(x86_system_read(v, v->idt.address + ev->vector * 16, gate, sizeof(gate)));
	if (o)
		return o;
	type = gate[0] >> 40 & 0x1f;
	if ((type != GATE_INTERRUPT && type != GATE_TRAP) || (is_software(ev) && (gate[0] >> 45 & 3) < cpl))
		return fault(v, GP_VECTOR, code);
	if (!(gate[0] & BIT_ULL(47)))
		return fault(v, NP_VECTOR, code);
	selector = gate[0] >> 16;
	target = (gate[0] & 0xffff) | (gate[0] >> 48 << 16) | gate[1] << 32;
	ist = gate[0] >> 32 & 7;

	if (!(selector & ~3))
		return fault(v, GP_VECTOR, ext);
	o = read_descriptor(v, selector, ext, &cs);
	if (o)
		return o;
	if (!cs.code || cs.dpl > cpl || !cs.l || cs.db)
		return fault(v, GP_VECTOR, (selector & ~3) | ext);
	if (!cs.present)
		return fault(v, NP_VECTOR, (selector & ~3) | ext);
	new_cpl = cs.conforming ? cpl : cs.dpl;
	if (ist || new_cpl < cpl) {
		o = new_stack(v, ist ? 36 + 8 * (ist - 1) : 4 + 8 * new_cpl, ext, &rsp);
		if (o)
			return o;
	}
	if (!x86_canonical(v, target))
		return fault(v, GP_VECTOR, ext);

	rsp &= ~15ULL;
	if (ev->has_error_code)
		frame[n++] = ev->error_code;
	frame[n++] = kvm_rip_read(&v->vcpu) + (is_software(ev) ? ev->insn_len : 0);
	frame[n++] = v->seg[VCPU_SREG_CS].selector;
	frame[n++] = v->rflags | (is_fault(ev) ? X86_EFLAGS_RF : 0);
	frame[n++] = kvm_rsp_read(&v->vcpu);
	frame[n++] = v->seg[VCPU_SREG_SS].selector;
	if (!x86_canonical(v, rsp - 8 * n))
		return fault(v, SS_VECTOR, ext);
	o = mark_accessed(v, &cs);
	if (o)
		return o;
	o = of(new_cpl == 3 ? x86_data_write(v, rsp - 8 * n, frame, 8 * n) :
			      x86_system_write(v, rsp - 8 * n, frame, 8 * n));
	if (o)
		return o;

	kvm_rsp_write(&v->vcpu, rsp - 8 * n);
	kvm_rip_write(&v->vcpu, target);
	load_segment(v, VCPU_SREG_CS, (selector & ~3) | new_cpl, &cs);
	if (new_cpl < cpl)
		load_null(v, VCPU_SREG_SS, new_cpl, new_cpl);
	v->rflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM |
		       (type == GATE_INTERRUPT ? X86_EFLAGS_IF : 0));
	v->interruptibility = 0;
	if (ev->type == X86_EVENT_NMI)
		v->nmi_masked = true;
	v->access.faults = 0;
	return NONE;
}

static bool is_contributory(u8 vector)
{
	return vector == DE_VECTOR || (vector >= TS_VECTOR && vector <= GP_VECTOR);
}

/* The exception that ctxt.exception has, as an event. */
static struct x86_event exception_event(struct x86_vcpu *v)
{
	struct x86_exception *e = &v->code.ctxt.exception;

	if (e->vector == PF_VECTOR)
		v->vcpu.arch.cr2 = e->address;
	model_count(guest_exceptions, 1);
	return (struct x86_event){
		.type = X86_EVENT_EXCEPTION, .vector = e->vector, .has_error_code = e->error_code_valid,
		.error_code = e->error_code,
	};
}

/* Returns whether the vendor module intercepts it: KVM emulates some instructions that the guest's processor lacks. */
static bool intercepted(struct x86_vcpu *v, const struct x86_event *ev)
{
	if (ev->type != X86_EVENT_EXCEPTION || ev->vector != UD_VECTOR)
		return false;
	v->exit.reason = MODEL_EXIT_UD;
	return true;
}

/* The second exception, which happened while *ev was being delivered: SDM vol. 3, table 7-5. False: a triple fault. */
static bool combine(struct x86_event *ev, const struct x86_event *second)
{
	bool again = is_contributory(second->vector) || second->vector == PF_VECTOR;

	if (ev->type == X86_EVENT_EXCEPTION && again) {
		if (ev->vector == DF_VECTOR)
			return false;
		if (ev->vector == PF_VECTOR || (is_contributory(ev->vector) && second->vector != PF_VECTOR)) {
			*ev = (struct x86_event){
				.type = X86_EVENT_EXCEPTION, .vector = DF_VECTOR, .has_error_code = true,
			};
			return true;
		}
	}
	*ev = *second;
	return true;
}

bool x86_deliver(struct x86_vcpu *v, const struct x86_event *event)
{
	struct x86_event ev = *event, second;

	for (;;) {
		switch (deliver(v, &ev)) {
		case NONE:
			return true;
		case EXIT:
			v->code.vectoring = ev;
			return false;
		case EXCEPTION:
			second = exception_event(v);
			if (combine(&ev, &second))
				break;
			v->exit.reason = MODEL_EXIT_SHUTDOWN;
			return false;
		}
	}
}

bool x86_raise(struct x86_vcpu *v)
{
	struct x86_event ev = exception_event(v);

	return !intercepted(v, &ev) && x86_deliver(v, &ev);
}

/* --- IRET --- */

/* The data segments that a less privileged program could not have loaded are emptied. */
static void drop_privileged_data(struct x86_vcpu *v, unsigned int cpl)
{
	static const int data[] = { VCPU_SREG_ES, VCPU_SREG_DS, VCPU_SREG_FS, VCPU_SREG_GS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++) {
		struct kvm_segment *s = &v->seg[data[i]];

		if (s->dpl < cpl && !((s->type & 0xc) == 0xc) && !s->unusable)
			load_null(v, data[i], 0, 0);
	}
}

static enum obstacle stack_of_iret(struct x86_vcpu *v, u16 selector, unsigned int cpl, bool long_mode,
				   struct descriptor *ss)
{
	enum obstacle o;

	if (!(selector & ~3)) {
		*ss = (struct descriptor){};
		return long_mode && cpl != 3 ? NONE : fault(v, GP_VECTOR, 0);
	}
	o = read_descriptor(v, selector, 0, ss);
	if (o)
		return o;
	if ((selector & 3) != cpl || !ss->writable || ss->dpl != cpl)
		return fault(v, GP_VECTOR, selector & ~3);
	return ss->present ? mark_accessed(v, ss) : fault(v, SS_VECTOR, selector & ~3);
}

static enum obstacle iretq(struct x86_vcpu *v)
{
	unsigned int cpl = model_get_cpl(&v->vcpu), new_cpl;
	u64 f[5], keep = X86_EFLAGS_VM | X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	struct descriptor cs, ss;
	enum obstacle o;

	if (v->rflags & X86_EFLAGS_NT)
		return fault(v, GP_VECTOR, 0);
	o = of(x86_data_read(v, kvm_rsp_read(&v->vcpu), f, sizeof(f)));
	if (o)
		return o;
	f[1] &= 0xffff;
	f[4] &= 0xffff;
	new_cpl = f[1] & 3;
	if (!(f[1] & ~3))
		return fault(v, GP_VECTOR, 0);
	o = read_descriptor(v, f[1], 0, &cs);
	if (o)
		return o;
	if (!cs.code || new_cpl < cpl || (cs.conforming ? cs.dpl > new_cpl : cs.dpl != new_cpl) || (cs.l && cs.db))
		return fault(v, GP_VECTOR, f[1] & ~3);
	if (!cs.present)
		return fault(v, NP_VECTOR, f[1] & ~3);
	o = stack_of_iret(v, f[4], new_cpl, cs.l, &ss);
	if (o)
		return o;
	if (cs.l && !x86_canonical(v, f[0]))
		return fault(v, GP_VECTOR, 0);
	o = mark_accessed(v, &cs);
	if (o)
		return o;

	if (cpl > (v->rflags & X86_EFLAGS_IOPL) >> X86_EFLAGS_IOPL_BIT)
		keep |= X86_EFLAGS_IF;
	if (cpl)
		keep |= X86_EFLAGS_IOPL;
	v->rflags = (v->rflags & keep) | X86_EFLAGS_FIXED |
		    (f[2] & ~keep & (X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF |
				     X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_IOPL |
				     X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_ID));
	load_segment(v, VCPU_SREG_CS, f[1], &cs);
	v->seg[VCPU_SREG_CS].dpl = new_cpl;
	if (f[4] & ~3)
		load_segment(v, VCPU_SREG_SS, f[4], &ss);
	else
		load_null(v, VCPU_SREG_SS, f[4], new_cpl);
	if (new_cpl > cpl)
		drop_privileged_data(v, new_cpl);
	kvm_rsp_write(&v->vcpu, f[3]);
	kvm_rip_write(&v->vcpu, cs.l ? f[0] : (u32)f[0]);
	v->interruptibility = 0;
	v->access.faults = 0;
	return NONE;
}

bool x86_iretq(struct x86_vcpu *v)
{
	if (v->code.ctxt.op_bytes != 8)
		x86_refuse_insn(v, "IRET with operands of less than 8 bytes");
	if (v->running)
		model_refuse("IRET of guest code without paging");
	switch (iretq(v)) {
	case EXIT:
		return false;
	case EXCEPTION:
		/* An IRET that faults has ended the blocking of NMIs, one that exits is executed again. */
		v->nmi_masked = false;
		return x86_raise(v);
	default:
		v->nmi_masked = false;
		return true;
	}
}
