// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU between ERET to a guest and the guest's next exception to EL2: performs the vCPU's pending access, or says why
 * it cannot, in the registers where the Arm ARM puts that (D1.3; ESR_EL2, "ISS encoding for an exception from a Data
 * Abort").
 */
#include <linux/bitfield.h>
#include <linux/kvm_host.h>
#include <asm/esr.h>
#include <asm/kvm_arm.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_emulate.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/sched.h>
#include <kshim/task.h>
#include "guest.h"

/* HPFAR_EL2 where the architecture leaves it UNKNOWN. */
#define HPFAR_UNKNOWN 0xbad0bad0
/* Exceptions of the vector table; the others are interrupts. */
#define VECTOR_STEP 0x80
#define VECTORS 16

static struct arm64_access walk_access(const struct kvmsim_access *a, const struct guest *g)
{
	return (struct arm64_access){
		.read = a->op == KVMSIM_READ || a->op == KVMSIM_XCHG,
		.write = a->op == KVMSIM_WRITE || a->op == KVMSIM_XCHG,
		.fetch = a->op == KVMSIM_FETCH, .atomic = a->op == KVMSIM_XCHG,
		.user = (g->sys->spsr_el2 & PSR_MODE_MASK) == PSR_MODE_EL0t, .pan = g->sys->spsr_el2 & PSR_PAN_BIT,
		.tco = g->sys->spsr_el2 & PSR_TCO_BIT,
		.bytes = a->op == KVMSIM_FETCH ? GUEST_INSN_BYTES : a->len,
	};
}

/* The part of the syndrome that lets a hypervisor emulate a load or store of one register, X0. */
static u64 instruction_syndrome(const struct kvmsim_access *a, const struct arm64_fault *f)
{
	if (f->s1ptw || (a->op != KVMSIM_READ && a->op != KVMSIM_WRITE))
		return 0;
	return ESR_ELx_ISV | (u64)ilog2(a->len) << ESR_ELx_SAS_SHIFT | (a->len == 8 ? ESR_ELx_SF : 0);
}

static u64 abort_syndrome(const struct kvmsim_access *a, const struct arm64_fault *f, const struct arm64_access *access,
			  unsigned int ec)
{
	return (u64)ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | arm64_iss(f, access);
}

/* Its handler runs at once and returns. */
void guest_exception_to_el1(struct guest *g, u64 esr, u64 far)
{
	struct model_access *m = &g->v->access;

	if (guest_in_el2(g))
		host_fatal(KVMSIM_REFUSED, NULL, 0,
			   "an exception that a guest in EL2 takes itself (ESR %llx), which is not modelled", esr);
	g->sys->esr_el1 = esr;
	g->sys->far_el1 = far;
	g->sys->elr_el1 = g->sys->elr_el2;
	g->sys->spsr_el1 = g->sys->spsr_el2;
	m->arch.esr = esr;
	m->arch.far = far;
	m->state = MODEL_EXCEPTION;
	model_count(guest_exceptions, 1);
}

/* Stage 2 failed: fills the registers for the hypervisor. */
static void exception_to_el2(struct guest *g, const struct kvmsim_access *a, const struct arm64_fault *f,
			     const struct arm64_access *access, u64 far)
{
	unsigned int ec = access->fetch ? ESR_ELx_EC_IABT_LOW : ESR_ELx_EC_DABT_LOW;
	bool permission = (f->fsc & ~3) == ARM64_FSC_PERMISSION;

	g->cpu->esr_el2 = abort_syndrome(a, f, access, ec) | (access->fetch ? 0 : instruction_syndrome(a, f));
	g->cpu->far_el2 = far;
	g->cpu->hpfar_el2 = f->s1ptw || !permission ? arm64_hpfar(f->ipa) : HPFAR_UNKNOWN;
	model_count(guest_faults, 1);
	g->v->access.faults++;
	g->v->access.all_faults++;
}

bool guest_abort(struct guest *g, const struct arm64_fault *f, const struct arm64_access *access, u64 far)
{
	const struct kvmsim_access *a = &g->v->access.a;
	unsigned int ec;

	if (f->stage2) {
		exception_to_el2(g, a, f, access, far);
		return false;
	}
	if (access->user)
		ec = access->fetch ? ESR_ELx_EC_IABT_LOW : ESR_ELx_EC_DABT_LOW;
	else
		ec = access->fetch ? ESR_ELx_EC_IABT_CUR : ESR_ELx_EC_DABT_CUR;
	guest_exception_to_el1(g, abort_syndrome(a, f, access, ec), far);
	return true;
}

static void write_reg(struct guest *g, unsigned int n, u64 value)
{
	g->regs->regs[n] = value;
}

/* Leaves user mode again, if the access was in it. */
static void end(struct guest *g, enum model_access_state state)
{
	struct model_access *m = &g->v->access;

	m->state = state;
	if (m->a.user)
		g->sys->spsr_el2 = m->arch.pstate;
}

static void retire(struct guest *g)
{
	model_count(guest_accesses, 1);
	g->v->access.workload.done++;
	end(g, MODEL_DONE);
}

/* Returns false if the guest has taken an exception to EL2. */
static bool execute(struct guest *g)
{
	struct kvmsim_access *a = &g->v->access.a;
	struct arm64_access access = walk_access(a, g);
	struct arm64_fault f = {};
	struct model_piece p[2];
	unsigned long flags;
	unsigned int i;

	if (a->op == KVMSIM_INSN) {
		if (!guest_insn(g, a->value))
			return false;
		if (g->v->access.state == MODEL_PENDING)
			retire(g);
		return true;
	}
	if (access.fetch && !IS_ALIGNED(a->addr, GUEST_INSN_BYTES)) {
		guest_exception_to_el1(g, (u64)ESR_ELx_EC_PC_ALIGN << ESR_ELx_EC_SHIFT | ESR_ELx_IL, a->addr);
		return true;
	}
	model_access_split(a, p);
	flags = kshim_hw_access_begin();
	for (i = 0; i < 2 && p[i].len; i++) {
		if (!arm64_translate_guest(p[i].addr, &access, &p[i].pa, &f))
			break;
	}
	if (!f.failed)
		model_access_perform(a, p);
	kshim_hw_access_end(flags);
	if (f.failed)
		return guest_abort(g, &f, &access, p[i].addr);
	if (access.read)
		write_reg(g, 0, a->value);
	g->sys->elr_el2 += GUEST_INSN_BYTES;
	retire(g);
	return true;
}

/* KVM or the VMM has emulated the instruction: PC has moved, X0 holds what was read. */
static void retire_emulated(struct guest *g)
{
	struct kvmsim_access *a = &g->v->access.a;

	if (a->op == KVMSIM_READ || a->op == KVMSIM_XCHG)
		a->value = g->regs->regs[0] & GENMASK_ULL(8 * a->len - 1, 0);
	else if (a->op == KVMSIM_INSN)
		a->value = g->regs->regs[0];
	retire(g);
}

/* KVM has made the vCPU take an exception to EL1 instead. Its handler returns at once. */
static void take_injected(struct guest *g)
{
	struct model_access *m = &g->v->access;

	m->arch.esr = g->sys->esr_el1;
	m->arch.far = g->sys->far_el1;
	model_count(guest_exceptions, 1);
	g->sys->elr_el2 = g->sys->elr_el1;
	g->sys->spsr_el2 = g->sys->spsr_el1;
	end(g, MODEL_EXCEPTION);
}

/*
 * KVM has made the vCPU take an exception to its own EL2. It stays at the vector: its handler is the scenario's. What
 * that finds in ESR_EL2 and FAR_EL2 is where KVM has put it.
 */
static void take_injected_el2(struct guest *g)
{
	struct model_access *m = &g->v->access;

	m->arch.esr = __vcpu_sys_reg(g->vcpu, ESR_EL2);
	m->arch.far = __vcpu_sys_reg(g->vcpu, FAR_EL2);
	model_count(guest_exceptions, 1);
	m->state = MODEL_EXCEPTION;
}

static bool at_vector(const struct guest *g)
{
	u64 offset = g->sys->elr_el2 - g->sys->vbar_el1;

	return offset < VECTORS * VECTOR_STEP && IS_ALIGNED(offset, VECTOR_STEP) &&
	       g->sys->elr_el1 == g->v->access.arch.pc;
}

static void report_livelock(struct guest *g)
{
	struct model_access *m = &g->v->access;

	host_check("livelock",
		   "livelock: vCPU %d makes no progress at address %llx after %u faults; the last one: ESR_EL2 %llx, "
		   "HPFAR_EL2 %llx", g->vcpu->vcpu_id, (u64)m->a.addr, m->faults, g->cpu->esr_el2, g->cpu->hpfar_el2);
	end(g, MODEL_ABORTED);
}

/* Makes the workload's next access the pending one. */
static bool next_of_workload(struct guest *g)
{
	struct model_access *m = &g->v->access;

	if (!model_access_next(m))
		return false;
	if (m->a.op == KVMSIM_FETCH)
		g->sys->elr_el2 = m->a.addr;
	else
		write_reg(g, 1, m->a.addr);
	m->arch.pc = g->sys->elr_el2;
	if (m->a.user)
		g->sys->spsr_el2 = (m->arch.pstate & ~(u64)PSR_MODE_MASK) | PSR_MODE_EL0t;
	m->state = MODEL_PENDING;
	return true;
}

static u64 run_accesses(struct guest *g)
{
	struct model_access *m = &g->v->access;
	unsigned int n;

	for (n = 0; n < MODEL_BURST; n++) {
		bool el2 = guest_in_el2(g);

		if (el2 == m->arch.el2 && g->sys->elr_el2 == m->arch.pc + GUEST_INSN_BYTES) {
			retire_emulated(g);
		} else if (el2 && (!m->arch.el2 || (g->sys->elr_el2 != m->arch.pc && at_vector(g)))) {
			take_injected_el2(g);
		} else if (g->sys->elr_el2 != m->arch.pc && at_vector(g)) {
			take_injected(g);
		} else if (m->faults > MODEL_MAX_FAULTS) {
			report_livelock(g);
		} else {
			/* KVM retries while the host's mm changes the page; that thread may need this thread's CPU. */
			kshim_back_off(m->faults);
			if (!execute(g))
				return ARM_EXCEPTION_TRAP;
			if (m->state == MODEL_EXCEPTION)
				end(g, MODEL_EXCEPTION);
		}
		if (m->state != MODEL_DONE || !next_of_workload(g))
			return ARM_EXCEPTION_HYP_GONE;
		if (kshim_interrupted())
			break;
	}
	return ARM_EXCEPTION_IRQ;
}

/* What the registers for the guest must say at ERET; without them the CPU would run host code, or without stage 2. */
static void check_entry(const struct guest *g)
{
	u64 hcr = g->cpu->s2.hcr;

	if (!kshim_irqs_off)
		host_check("guest-entry", "guest entry with interrupts on");
	if (!(hcr & HCR_VM) || hcr & HCR_TGE || !(hcr & HCR_E2H))
		host_check("guest-entry", "guest entry with HCR_EL2 %llx: stage 2 is off, or the regime is the host's",
			   hcr);
}

u64 arm64_guest_run(struct kvm_vcpu *vcpu, struct user_pt_regs *regs)
{
	unsigned int cpu = raw_smp_processor_id();
	struct guest g = {
		.v = arm64_vcpu_of(vcpu), .vcpu = vcpu, .regs = regs,
		.cpu = arm64_this_cpu(), .sys = &arm64_sysregs[cpu],
	};

	model_count(guest_entries, 1);
	check_entry(&g);
	arm64_isb();
	if (g.sys->spsr_el2 & PSR_IL_BIT || (g.sys->spsr_el2 & PSR_MODE_MASK) >= PSR_MODE_EL2t)
		return ARM_EXCEPTION_IL;
	if (!g.v || g.v->access.state != MODEL_PENDING)
		return ARM_EXCEPTION_HYP_GONE;
	if (kshim_interrupted())
		return ARM_EXCEPTION_IRQ;
	return run_accesses(&g);
}
