// SPDX-License-Identifier: GPL-2.0-only
/* The processor that executes guest code: one instruction after the other, and what makes it leave the guest. */
#include <linux/kvm_host.h>
#include <asm/debugreg.h>
#include "kvm_cache_regs.h"
#include "mmu.h"
#include "x86.h"
#include "model.h"
#include <kshim/host.h>

bool x86_code_by_default;

/* Instructions before the processor takes interrupts again. */
#define CODE_BURST 512

static struct x86_vcpu *vcpu_of(struct x86_emulate_ctxt *c)
{
	return x86_vcpu_of(c->vcpu);
}

bool x86_runs_code(struct x86_vcpu *v)
{
	if (v->access.state == MODEL_PENDING)
		return v->access.a.op == KVMSIM_CODE;
	return x86_code_by_default;
}

/* The instruction exits, after what its fields in struct model_exit say. */
static int leave(struct x86_emulate_ctxt *c, enum model_exit_reason reason, unsigned int insn, u64 addr,
		 u64 error_code)
{
	struct model_exit *x = &vcpu_of(c)->exit;

	x->reason = reason;
	x->insn = insn;
	x->addr = addr;
	x->error_code = error_code;
	return X86EMUL_INTERCEPTED;
}

/* VMCALL and VMMCALL. The one of the other vendor's processors is an undefined opcode. */
static int hypercall(struct x86_emulate_ctxt *c)
{
	if ((c->modrm == 0xc1) != x86_cpu_is_intel())
		return x86_fault(vcpu_of(c), UD_VECTOR, false, 0);
	return leave(c, MODEL_EXIT_INSN, x86_intercept_vmmcall, 0, 0);
}

/*
 * What both vendor modules intercept, in the order of SDM vol. 3, 26.1.1: after the checks of privilege and of the I/O
 * permission bitmap, before memory operands.
 */
static int op_intercept(struct x86_emulate_ctxt *c, struct x86_instruction_info *info, enum x86_intercept_stage stage)
{
	if (stage != X86_ICPT_POST_EXCEPT)
		return X86EMUL_CONTINUE;
	switch (info->intercept) {
	case x86_intercept_in:
	case x86_intercept_ins:
		return leave(c, MODEL_EXIT_INSN, info->intercept, (u16)c->src.val, c->dst.bytes);
	case x86_intercept_out:
	case x86_intercept_outs:
		return leave(c, MODEL_EXIT_INSN, info->intercept, (u16)c->dst.val, c->src.bytes);
	case x86_intercept_hlt:
		return leave(c, MODEL_EXIT_HLT, 0, 0, 0);
	case x86_intercept_vmmcall:
		return hypercall(c);
	case x86_intercept_cpuid:
	case x86_intercept_rdmsr:
	case x86_intercept_wrmsr:
	case x86_intercept_rdpmc:
	case x86_intercept_wbinvd:
	case x86_intercept_invd:
	case x86_intercept_xsetbv:
	case x86_intercept_monitor:
	case x86_intercept_mwait:
		return leave(c, MODEL_EXIT_INSN, info->intercept, 0, 0);
	case x86_intercept_rdtscp:
		return x86_fault(vcpu_of(c), UD_VECTOR, false, 0);	/* cpuid.c has none */
	}
	return X86EMUL_CONTINUE;
}

/* MOV to CRn, CLTS and LMSW. Neither vendor intercepts CR2, and nested paging leaves CR3 to the guest. */
static int op_set_cr(struct x86_emulate_ctxt *c, int cr, unsigned long value)
{
	struct x86_vcpu *v = vcpu_of(c);

	if (cr == 2) {
		v->vcpu.arch.cr2 = value;
		return 0;
	}
	if (cr == 3 && model_nested_paging()) {
		if (!x86_cr3_valid(v, value))
			return 1;
		x86_load_cr3(v, value);
		return 0;
	}
	if (cr == 3)
		leave(c, MODEL_EXIT_CR3, 0, value, 0);
	else
		leave(c, MODEL_EXIT_INSN, x86_intercept_cr_write, value, cr);
	return 0;
}

static void op_invlpg(struct x86_emulate_ctxt *c, unsigned long addr)
{
	if (model_nested_paging())
		x86_invlpg(vcpu_of(c), addr);
	else
		leave(c, MODEL_EXIT_INVLPG, 0, addr, 0);
}

void x86_code_init(struct x86_vcpu *v)
{
	struct x86_code *k = &v->code;

	memset(k, 0, sizeof(*k));
	k->ops = *v->vcpu.arch.emulate_ctxt->ops;
	x86_code_mem_ops(&k->ops);
	k->ops.intercept = op_intercept;
	k->ops.fix_hypercall = hypercall;
	k->ops.set_cr = op_set_cr;
	k->ops.invlpg = op_invlpg;
	k->ctxt.vcpu = &v->vcpu;
	k->ctxt.ops = &k->ops;
}

static enum x86emul_mode mode_of(struct x86_vcpu *v)
{
	struct kvm_segment cs;

	if (v->running)
		return model_flat64(&v->vcpu) ? X86EMUL_MODE_PROT64 : X86EMUL_MODE_PROT32;
	if (!is_protmode(&v->vcpu))
		return X86EMUL_MODE_REAL;
	model_get_segment(&v->vcpu, &cs, VCPU_SREG_CS);
	return cs.l && is_long_mode(&v->vcpu) ? X86EMUL_MODE_PROT64 : cs.db ? X86EMUL_MODE_PROT32 : X86EMUL_MODE_PROT16;
}

/* Like init_emulate_ctxt() of x86.c. */
static void start(struct x86_vcpu *v)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;

	c->eflags = v->rflags;
	c->tf = false;
	c->eip = kvm_rip_read(&v->vcpu);
	c->mode = mode_of(v);
	c->interruptibility = 0;
	c->have_exception = false;
	c->perm_ok = false;
	c->gpa_available = false;
	v->code.retry = v->code.fpu = false;
	init_decode_cache(c);
}

void x86_refuse_insn(struct x86_vcpu *v, const char *what)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int n = clamp_t(int, c->fetch.end - c->fetch.data, 0, sizeof(c->fetch.data)), i;
	char bytes[3 * sizeof(c->fetch.data) + 1] = "";

	for (i = 0; i < n; i++)
		snprintf(bytes + 3 * i, 4, " %02x", c->fetch.data[i]);
	host_fatal(KVMSIM_REFUSED, NULL, 0, "the modelled processor cannot execute the guest's code at %lx, "
		   "which begins with the bytes%s: %s", c->eip, bytes, what);
}

/* Opcodes that no 64-bit processor executes, and that the emulator does not know as such. */
static bool is_undefined(const struct x86_emulate_ctxt *c)
{
	if (c->opcode_len == 2)
		return c->b == 0x0b || c->b == 0xb9 || c->b == 0xff;
	if (c->opcode_len == 1 && c->mode == X86EMUL_MODE_PROT64)
		return c->b == 0x27 || c->b == 0x2f || c->b == 0x37 || c->b == 0x3f;
	return false;
}

/* The instruction is complete. */
static void commit(struct x86_vcpu *v)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	/* STI blocks interrupts for one more instruction if they were off before. */
	bool had_if = v->rflags & X86_EFLAGS_IF;

	kvm_rip_write(&v->vcpu, c->eip);
	v->rflags = c->eflags;
	v->interruptibility = had_if ? c->interruptibility & ~KVM_X86_SHADOW_INT_STI : c->interruptibility;
	v->access.faults = 0;
}

/* INT3, INT n and IRET of 64-bit code, which the emulator leaves alone. Returns whether it was one of them. */
static bool software_event(struct x86_vcpu *v, bool *goes_on)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	struct x86_event ev = { .insn_len = c->_eip - c->eip };

	if (c->opcode_len != 1 || c->mode != X86EMUL_MODE_PROT64 || c->lock_prefix)
		return false;
	switch (c->b) {
	case 0xcc:
		ev.type = X86_EVENT_SOFT_EXCEPTION;
		ev.vector = BP_VECTOR;
		*goes_on = x86_deliver(v, &ev);
		return true;
	case 0xcd:
		ev.type = X86_EVENT_SOFT_INTERRUPT;
		ev.vector = c->src.val;
		*goes_on = x86_deliver(v, &ev);
		return true;
	case 0xcf:
		*goes_on = x86_iretq(v);
		return true;
	}
	return false;
}

/*
 * Fetches up to 15 bytes of 64-bit code, but not from the next page: the emulator would do the same, and gets them from
 * here. An address that is not canonical, and other code, is left to it: no bytes. Returns X86EMUL_*.
 */
static int fetch_ahead(struct x86_vcpu *v)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	unsigned int n = min_t(u64, sizeof(v->code.bytes), PAGE_SIZE - offset_in_page(c->eip));
	int rc;

	v->code.nr_bytes = 0;
	if (c->mode != X86EMUL_MODE_PROT64 || !x86_canonical(v, c->eip))
		return X86EMUL_CONTINUE;
	rc = c->ops->fetch(c, c->eip, v->code.bytes, n, &c->exception);
	if (rc == X86EMUL_CONTINUE)
		v->code.nr_bytes = n;
	return rc;
}

/*
 * CMPXCHG of two registers of 4 bytes that are different: processors leave the upper half of the destination as it was,
 * the emulator clears it.
 */
static void mend_cmpxchg(struct x86_vcpu *v, u64 before)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;

	if (c->eflags & X86_EFLAGS_ZF || c->dst.addr.reg == &c->_regs[VCPU_REGS_RAX])
		return;
	c->ops->write_gpr(c, c->dst.addr.reg - c->_regs, before);
}

static bool is_cmpxchg_of_registers(const struct x86_emulate_ctxt *c)
{
	return c->opcode_len == 2 && c->b == 0xb1 && c->dst.type == OP_REG && c->dst.bytes == 4;
}

/* One instruction. Returns false if v->exit says why the guest stops. */
static bool step(struct x86_vcpu *v)
{
	struct x86_emulate_ctxt *c = &v->code.ctxt;
	u64 destination = 0;
	bool goes_on;
	int rc;

	start(v);
	rc = fetch_ahead(v);
	if (rc == X86EMUL_PROPAGATE_FAULT)
		return x86_raise(v);
	if (rc != X86EMUL_CONTINUE)
		return false;
	if (x86_execute_fpu(v, &rc)) {
		v->exit.insn_len = c->_eip - c->eip;
		if (rc == X86EMUL_PROPAGATE_FAULT)
			return x86_raise(v);
		if (rc != X86EMUL_CONTINUE)
			return false;
		c->eip = c->_eip;
		commit(v);
		return true;
	}
	rc = x86_decode_insn(c, v->code.bytes, v->code.nr_bytes, 0);
	if (v->exit.reason != MODEL_EXIT_NONE)
		return false;
	if (c->have_exception)
		return x86_raise(v);
	v->exit.insn_len = c->_eip - c->eip;
	if (rc == EMULATION_OK) {
		if (software_event(v, &goes_on))
			return goes_on;
		if (is_cmpxchg_of_registers(c))
			destination = *c->dst.addr.reg;
		do {
			rc = x86_emulate_insn(c, true);
		} while (rc == EMULATION_RESTART);
		if (is_cmpxchg_of_registers(c) && !c->have_exception)
			mend_cmpxchg(v, destination);
	} else if (is_undefined(c)) {
		x86_fault(v, UD_VECTOR, false, 0);
		return x86_raise(v);
	}
	/* INVLPG and MOV to CRn look complete to the emulator when they exit. */
	if (v->exit.reason != MODEL_EXIT_NONE)
		return false;
	if (c->have_exception)
		return x86_raise(v);
	if (rc != EMULATION_OK)
		x86_refuse_insn(v, "an instruction, or a form of one, that is not modelled");
	if (!v->code.retry)
		commit(v);
	return true;
}

/* Whether an event that KVM waits for could be delivered now: the exits for interrupt and NMI windows. */
static bool window_opens(struct x86_vcpu *v)
{
	if (v->interruptibility)
		return false;
	if (v->code.nmi_window && !v->nmi_masked)
		v->exit.reason = MODEL_EXIT_NMI_WINDOW;
	else if (v->code.irq_window && (v->rflags & X86_EFLAGS_IF))
		v->exit.reason = MODEL_EXIT_IRQ_WINDOW;
	else
		return false;
	return true;
}

static void refuse_debugging(struct x86_vcpu *v)
{
	if (v->vcpu.guest_debug)
		model_refuse("debugging of guest code (KVM_SET_GUEST_DEBUG)");
	if (v->rflags & X86_EFLAGS_TF)
		model_refuse("single steps of guest code (RFLAGS.TF)");
	if (v->vcpu.arch.dr7 & DR_GLOBAL_ENABLE_MASK || v->vcpu.arch.dr7 & DR_LOCAL_ENABLE_MASK)
		model_refuse("breakpoints of guest code (DR7)");
}

void x86_execute(struct x86_vcpu *v, bool immediate)
{
	struct x86_event ev = v->event;
	unsigned int n;

	v->code.vectoring.type = X86_EVENT_NONE;
	v->event.type = X86_EVENT_NONE;
	refuse_debugging(v);
	if (ev.type != X86_EVENT_NONE) {
		start(v);
		if (!x86_deliver(v, &ev))
			return;
	}
	for (n = 0; !immediate && n < CODE_BURST; n++) {
		v->exit = (struct model_exit){};
		if (window_opens(v) || !step(v))
			goto out;
		if (v->rflags & X86_EFLAGS_TF)
			refuse_debugging(v);
		if (x86_interrupted(v))
			break;
	}
	v->exit.reason = MODEL_EXIT_INTERRUPT;
out:
	model_count(guest_instructions, n);
}
