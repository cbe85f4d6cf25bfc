// SPDX-License-Identifier: GPL-2.0-only
/*
 * START INTERPRETIVE EXECUTION: performs a vCPU's pending access like a guest instruction, through the guest address
 * space's ASCE. It leaves with what the CPU would report: an interception in the control block, or a program
 * interruption of the host, which the host's handler gets (host_fault of struct s390_cpu).
 *
 * The guest's own SIE instruction is always intercepted. KVM interprets it (vsie.c) and executes SIE with the control
 * block of the nested guest, which is just another guest to this CPU.
 */
#include <linux/mm.h>
#include <linux/kvm_host.h>
#include <asm/pgtable.h>
#include <kshim/form/s390_gmap.h>
#include "guest.h"
#include <kshim/hw.h>
#include <kshim/host.h>
#include <kshim/mem.h>
#include <kshim/sched.h>

/* Loads and stores with long displacement, like LG and STG. */
#define ACCESS_INSN_BYTES 6
/* SIE 0(13) */
#define SIE_TEXT 0xb214d000
#define SIE_BYTES 4
/* Validity interception: the host has not mapped the prefix area for the guest; KVM sets the same in map_prefix(). */
#define VALIDITY_PREFIX 0x0037

u64 s390_sie_sca(const struct kvm_s390_sie_block *sie)
{
	/* A basic area is at a multiple of 16, an extended one at a multiple of 64. */
	u32 low = READ_ONCE(sie->scaol);

	return (u64)READ_ONCE(sie->scaoh) << 32 | (sie->ecb2 & ECB2_ESCA ? low & ~0x3fU : low);
}

/*
 * Pairs with the wait in exit_sie() of kvm-s390.c. Until then nobody may give the guest another system-control area,
 * because the CPU still uses the old one.
 */
static void leave(struct guest_cpu *c)
{
	if (c->sca && c->sca != s390_sie_sca(c->sie))
		host_check("sca", "vCPU %d: its system-control area was exchanged while it was in the guest",
			   s390_running ? s390_running->vcpu->vcpu_id : -1);
	c->sca = 0;
	__atomic_fetch_and(&c->sie->prog0c, ~PROG_IN_SIE, __ATOMIC_SEQ_CST);
}

/* The host makes an external call pending in the system-control area, and the CPU delivers it. */
static void refuse_external_call(const struct guest_cpu *c)
{
	const struct kvm_s390_sie_block *sie = c->sie;

	if (sie->eca & ECA_SIGPI && atomic_read(&sie->cpuflags) & CPUSTAT_ECALL_PEND && sie->gpsw.mask & PSW_MASK_EXT &&
	    sie->gcr[0] & CR0_EXTERNAL_CALL_SUBMASK)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: an external call that the CPU delivers (ECA_SIGPI)");
}

/*
 * A program check of the host while it interprets the guest. The guest leaves before the host's handler runs, because
 * the handler may wait for a thread that waits for this in exit_sie().
 */
static void host_fault(struct guest_cpu *c)
{
	leave(c);
	c->reason = s390_cpus[raw_smp_processor_id()].host_fault(c->code, c->addr, c->write);
}

static enum guest_end execute_access(struct guest_cpu *c, struct kvmsim_access *a)
{
	enum dat_access access = a->op == KVMSIM_READ ? DAT_FETCH : a->op == KVMSIM_FETCH ? DAT_IFETCH : DAT_STORE;
	enum guest_end end = GUEST_OK;
	struct model_piece p[2];
	unsigned int i;

	model_access_split(a, p);
	for (i = 0; i < 2 && p[i].len && end == GUEST_OK; i++)
		end = guest_operand(c, p[i].addr, access, &p[i].pa);
	if (end == GUEST_OK)
		model_access_perform(a, p);
	return end;
}

/* again: it is repeated after this one, so its text stays. Else its condition code takes the place. */
static enum guest_end execute_insn(struct guest_cpu *c, struct kvmsim_access *a, bool again)
{
	struct guest_insn insn;
	unsigned long flags;
	enum guest_end end;

	insn_decode(a->value, a->len, &insn);
	flags = kshim_hw_access_begin();
	end = insn_execute(c, &insn);
	kshim_hw_access_end(flags);
	if (end == GUEST_OK) {
		insn_end(c, &insn);
		if (!again)
			a->value = (c->sie->gpsw.mask & PSW_MASK_CC) >> 44;
	}
	return end;
}

/* The state of this guest's work: a nested one's access, or the vCPU's own instruction. */
static enum model_access_state *progress(struct s390_vcpu *v, const struct guest_cpu *c)
{
	return c->nested ? &v->access.arch.inner : &v->access.state;
}

static enum guest_end execute(struct s390_vcpu *v, struct guest_cpu *c)
{
	struct kvmsim_access *a = &v->access.a, sie = {.value = SIE_TEXT, .len = SIE_BYTES};
	unsigned long flags;
	enum guest_end end;

	if (v->access.arch.nested && !c->nested)
		return execute_insn(c, &sie, false);
	if (a->op == KVMSIM_INSN)
		return execute_insn(c, a, v->access.workload.left);
	flags = kshim_hw_access_begin();
	end = execute_access(c, a);
	kshim_hw_access_end(flags);
	return end;
}

/* The PSW stays: the guest runs a loop of one instruction, so that KVM's look at it touches no other page. */
static void retire(struct s390_vcpu *v)
{
	model_count(guest_accesses, 1);
	v->access.workload.done++;
}

/* DIAGNOSE with a code that KVM leaves to user space: the guest program's way to hand back control. */
static void intercept_diagnose(struct kvm_s390_sie_block *sie)
{
	sie->icptcode = ICPT_INST;
	sie->ipa = 0x8300;
	sie->ipb = 0x0fff0000;
}

/* Raises an interception that is due before the next instruction. */
static bool intervention(struct kvm_s390_sie_block *sie)
{
	if (atomic_read(&sie->cpuflags) & CPUSTAT_STOP_INT) {
		sie->icptcode = ICPT_STOP;
		return true;
	}
	return false;
}

/* The guest's handler runs at once and returns to the loop. */
static void end_in_exception(struct s390_vcpu *v, struct guest_cpu *c)
{
	model_count(guest_exceptions, 1);
	v->access.arch.code = c->code;
	v->access.arch.teid = c->teid;
	*progress(v, c) = MODEL_EXCEPTION;
	/* Only KVM has loaded the handler's PSW, and it delivers nothing to a nested guest. */
	if (c->nested)
		return;
	c->sie->gpsw.mask = v->access.arch.psw_mask;
	c->sie->gpsw.addr = v->access.arch.psw_addr;
}

/* KVM delivered a program interruption, so the instruction has ended without its effect. */
static void take_exception(struct s390_vcpu *v, struct guest_cpu *c)
{
	const struct lowcore *lc;
	struct dat_result r;
	unsigned long flags = kshim_hw_access_begin();

	guest_program(c, 0);
	if (!s390_walk_host(c->gasce, guest_host_address(c, guest_prefixed(c->sie, 0)), DAT_FETCH, &r)) {
		lc = __va(r.address);
		guest_program(c, READ_ONCE(lc->pgm_code));
		if (guest_has_teid(c->code))
			c->teid = READ_ONCE(lc->trans_exc_code);
	}
	kshim_hw_access_end(flags);
	end_in_exception(v, c);
}

static void report_livelock(struct s390_vcpu *v, struct guest_cpu *c)
{
	host_check("livelock",
		   "livelock: vCPU %d makes no progress at address %llx after %u faults; the last one: code %#x at %llx",
		   v->vcpu->vcpu_id, (u64)v->access.a.addr, v->access.faults, c->code, c->addr & PAGE_MASK);
	*progress(v, c) = MODEL_ABORTED;
}

/* KVM has handled an intercepted instruction. The PSW tells whether it is done or must be tried again. */
static void after_interception(struct s390_vcpu *v, struct guest_cpu *c)
{
	struct model_access *m = &v->access;

	m->arch.intercepted = false;
	if (c->sie->gpsw.addr == m->arch.psw_addr)
		return;
	c->sie->gpsw.addr = m->arch.psw_addr;
	m->state = MODEL_DONE;
	if (m->arch.nested)
		return;
	m->a.value = (c->sie->gpsw.mask & PSW_MASK_CC) >> 44;
	retire(v);
}

/* SIE interprets all program interruptions except this one, which it leaves to the host. */
static bool intercept_addressing(struct guest_cpu *c, unsigned int ilen)
{
	if (c->code != PGM_CODE_ADDRESSING)
		return false;
	c->sie->icptcode = ICPT_PROGI;
	c->sie->iprcc = c->code;
	c->sie->pgmilc = ilen;
	c->sie->gpsw.addr = guest_effective(c, c->sie->gpsw.addr + ilen);
	return true;
}

/* Returns true if the CPU stays in the guest. */
static bool step(struct s390_vcpu *v, struct guest_cpu *c)
{
	struct model_access *m = &v->access;
	unsigned int ilen = m->arch.nested && !c->nested ? SIE_BYTES :
			    m->a.op == KVMSIM_INSN ? m->a.len : ACCESS_INSN_BYTES;
	unsigned long flags;

	switch (execute(v, c)) {
	case GUEST_OK:
		retire(v);
		*progress(v, c) = model_access_next(m) ? MODEL_PENDING : MODEL_DONE;
		return true;
	case GUEST_PROGRAM:
		if (intercept_addressing(c, ilen))
			return false;
		flags = kshim_hw_access_begin();
		guest_store_program(c, ilen);
		kshim_hw_access_end(flags);
		end_in_exception(v, c);
		return true;
	case GUEST_INTERCEPTED:
		/* A nested guest's interception goes to the guest above it; KVM does not use its PSW. */
		if (!c->nested)
			m->arch.intercepted = c->sie->gpsw.addr != m->arch.psw_addr;
		return false;
	case GUEST_HOST_FAULT:
		model_count(guest_faults, 1);
		m->all_faults++;
		if (m->faults >= MODEL_MAX_FAULTS) {
			m->faults++;
			report_livelock(v, c);
			return true;
		}
		host_fault(c);
		/* The kernel resolves it; the thread that changes the page may need this native thread's CPU. */
		kshim_back_off(m->faults++);
		return false;
	case GUEST_AGAIN:
		kshim_back_off(++m->faults);
		return true;
	default:
		*progress(v, c) = MODEL_ABORTED;
		return true;
	}
}

static void interpret(struct s390_vcpu *v, struct guest_cpu *c)
{
	enum model_access_state *state = progress(v, c);
	struct kvm_s390_sie_block *sie = c->sie;
	unsigned int n;

	if (!c->nested && *state == MODEL_PENDING && v->vcpu->stat.deliver_program != v->access.arch.delivered)
		take_exception(v, c);
	else if (!c->nested && *state == MODEL_PENDING && v->access.arch.intercepted)
		after_interception(v, c);
	/* A nested guest may be in that mode where the VMM allows it (KVM_CAP_S390_VSIE_ESAMODE). */
	if (*state == MODEL_PENDING && !(atomic_read(&sie->cpuflags) & CPUSTAT_ZARCH))
		host_fatal(KVMSIM_REFUSED, NULL, 0, "an instruction of a guest in ESA/390 mode, which is not modelled");
	for (n = 0; *state == MODEL_PENDING && n < MODEL_BURST; n++) {
		if (atomic_read(&sie->prog20) & (PROG_BLOCK_SIE | PROG_REQUEST))
			return;
		if (intervention(sie))
			return;
		if (!step(v, c))
			return;
	}
	if (*state != MODEL_PENDING)
		intercept_diagnose(sie);
}

/*
 * The CPU stores into the prefix area without asking. KVM maps it writable before it tests PROG_REQUEST and keeps it so
 * until the guest has left (kvm_s390_handle_requests(), kvm_gmap_notifier()). For a nested guest without transactions
 * this is only the first page; if that is read-only, the CPU refuses to enter (map_prefix(),
 * kvm_s390_vsie_gmap_notifier()).
 */
static bool prefix_is_there(struct s390_vcpu *v, struct guest_cpu *c)
{
	u64 at = guest_host_address(c, (u64)c->sie->prefix << GUEST_PREFIX_SHIFT);
	unsigned int i, pages = c->nested && !(c->sie->ecb & ECB_TE) ? 1 : 2;
	struct dat_result r;
	unsigned long flags;

	for (i = 0; i < pages; i++) {
		flags = kshim_hw_access_begin();
		s390_walk_host(c->gasce, at + i * PAGE_SIZE, DAT_STORE, &r);
		kshim_hw_access_end(flags);
		if (!r.code)
			continue;
		if (c->nested && r.code == PGM_CODE_PROTECTION) {
			c->sie->icptcode = ICPT_VALIDITY;
			c->sie->ipa = 0;
			c->sie->ipb = VALIDITY_PREFIX << 16;
			return false;
		}
		host_check("guest-entry",
			   "vCPU %d enters %s guest, but page %u of its prefix area at %llx is %s", v->vcpu->vcpu_id,
			   c->nested ? "a nested" : "the", i, at, r.protect ? "read-only" : "not mapped");
	}
	return true;
}

/* A vCPU that comes from another CPU has no TLB entries; nor has one whose last CPU KVM forgot (KVM_REQ_TLB_FLUSH). */
static void forget_other_cpu(struct guest_cpu *c)
{
	unsigned int cpu = raw_smp_processor_id();
	unsigned long flags;

	if (c->sie->ihcpu == cpu)
		return;
	flags = kshim_hw_access_begin();
	s390_tlb_flush_guest(&s390_cpus[cpu].tlb, guest_space(c));
	kshim_hw_access_end(flags);
	c->sie->ihcpu = cpu;
}

int s390_sie(struct kvm_s390_sie_block *sie, u64 *rsa, u64 gasce)
{
	struct guest_cpu c = {.sie = sie, .gprs = rsa, .gasce = gasce};
	struct s390_vcpu *v = s390_running;
	bool ours;

	c.nested = v && v->vcpu->arch.vsie_block == sie;
	ours = v && (c.nested || v->vcpu->arch.sie_block == sie);
	/* Set before prog20 is read; KVM sets prog20, then reads this: pairs with exit_sie() of kvm-s390.c. */
	__atomic_fetch_or(&sie->prog0c, PROG_IN_SIE, __ATOMIC_SEQ_CST);
	if (!(atomic_read(&sie->prog20) & (PROG_BLOCK_SIE | PROG_REQUEST))) {
		model_count(sie_entries, 1);
		c.sca = s390_sie_sca(sie);
		refuse_external_call(&c);
		forget_other_cpu(&c);
		if (!intervention(sie) && (!ours || prefix_is_there(v, &c))) {
			if (ours && *progress(v, &c) != MODEL_IDLE)
				interpret(v, &c);
			else
				sie->icptcode = ICPT_WAIT;
		}
	}
	leave(&c);
	return c.reason;
}
