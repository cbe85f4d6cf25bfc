// SPDX-License-Identifier: GPL-2.0-only
/* The modelled processor in guest mode: performs the pending access, or says why it cannot. */
#include <linux/kvm_host.h>
#include "mmu.h"
#include "x86.h"
#include "trace.h"
#include "model.h"
#include <kshim/form/x86_regs_header.h>
#include <kshim/host.h>
#include <kshim/task.h>

static unsigned int walk_access(const struct kvmsim_access *a)
{
	static const unsigned int of[] = {
		[KVMSIM_READ] = WALK_READ, [KVMSIM_WRITE] = WALK_WRITE,
		[KVMSIM_FETCH] = WALK_FETCH, [KVMSIM_XCHG] = WALK_READ | WALK_WRITE,
	};

	return of[a->op] | (a->user ? WALK_USER : 0);
}

/* Like __vmx_handle_ept_violation() from the exit qualification (arch/x86/kvm/vmx/common.h). */
static u64 ept_error_code(const struct walk_result *r, unsigned int access)
{
	/* With accessed and dirty bits on, the walk of a guest table counts as a read and a write. */
	unsigned int qual = r->guest_table ? WALK_READ | WALK_WRITE : access;

	return (qual & WALK_READ ? PFERR_USER_MASK : 0) | (qual & WALK_WRITE ? PFERR_WRITE_MASK : 0) |
	       (qual & WALK_FETCH ? PFERR_FETCH_MASK : 0) | (r->present_rights ? PFERR_PRESENT_MASK : 0) |
	       (r->guest_table ? PFERR_GUEST_PAGE_MASK : PFERR_GUEST_FINAL_MASK);
}

static void exception(struct x86_vcpu *v, u8 vector, u32 error_code, u64 cr2)
{
	v->access.arch.vector = vector;
	v->access.arch.error_code = error_code;
	v->access.arch.cr2 = cr2;
	v->access.state = MODEL_EXCEPTION;
	v->exit.reason = MODEL_EXIT_RETIRED;
	model_count(guest_exceptions, 1);
}

bool x86_walk_failed(struct x86_vcpu *v, const struct walk_result *r, u64 addr, unsigned int access)
{
	struct model_exit *x = &v->exit;

	if (r->status == WALK_OK || r->status == WALK_BAD_MEMORY) {
		x->reason = MODEL_EXIT_BROKEN;
		x->addr = r->status == WALK_OK ? 0 : r->entry_pa;
		return false;
	}
	if (r->status == WALK_LOG_FULL) {
		x->reason = MODEL_EXIT_LOG_FULL;
		model_count(guest_log_full, 1);
		return false;
	}
	if (r->status == WALK_MACHINE_CHECK) {
		x->reason = MODEL_EXIT_MACHINE_CHECK;
		x->addr = r->pa;
		return false;
	}
	if (!r->nested && model_nested_paging()) {
		v->vcpu.arch.cr2 = addr;
		return true;
	}
	x->reason = MODEL_EXIT_FAULT;
	x->addr = r->nested ? r->fault_addr : addr;
	if (model_personality == MODEL_SHADOW) {
		x->error_code = r->error_code;
	} else if (model_personality == MODEL_NPT) {
		x->error_code = r->error_code | (r->guest_table ? PFERR_GUEST_PAGE_MASK : PFERR_GUEST_FINAL_MASK);
	} else if (r->status == WALK_RESERVED) {
		x->reason = MODEL_EXIT_MISCONFIG;
		x->error_code = PFERR_RSVD_MASK;
	} else {
		x->error_code = ept_error_code(r, access);
	}
	return false;
}

/* Writes RAX like a MOV of len bytes: 4 bytes clear the upper half, fewer leave the rest. */
static void write_rax(struct kvm_vcpu *vcpu, u64 value, unsigned int len)
{
	u64 rax = kshim_rax(vcpu);

	if (len < 4)
		value = (rax & ~GENMASK_ULL(8 * len - 1, 0)) | (value & GENMASK_ULL(8 * len - 1, 0));
	kshim_set_rax(vcpu, value);
}

static void retire(struct x86_vcpu *v)
{
	struct model_access *m = &v->access;

	m->state = MODEL_DONE;
	v->exit.reason = MODEL_EXIT_RETIRED;
	m->workload.done++;
}

bool x86_canonical(struct x86_vcpu *v, u64 addr)
{
	return __is_canonical_address(addr, kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_LA57) ? 57 : 48);
}

/* Finds the physical address of a piece. On false, v->exit or an exception is set. */
static bool find(struct x86_vcpu *v, struct model_piece *p, unsigned int access)
{
	struct walk_result r;

	if (x86_translate(v, p->addr, access, &p->pa, &r))
		return true;
	if (x86_walk_failed(v, &r, p->addr, access))
		exception(v, PF_VECTOR, r.error_code, p->addr);
	return false;
}

/* Reads the descriptor and carries it out. On false, v->exit or an exception is set. */
static bool execute_invpcid(struct x86_vcpu *v, u64 type, u64 addr)
{
	struct kvmsim_access word = { .op = KVMSIM_READ, .len = 8 };
	struct model_piece p[2];
	u64 descriptor[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		word.addr = addr + 8 * i;
		model_access_split(&word, p);
		if (!find(v, &p[0], WALK_READ) || (p[1].len && !find(v, &p[1], WALK_READ)))
			return false;
		model_access_perform(&word, p);
		descriptor[i] = word.value;
	}
	if (!x86_invpcid(v, type, descriptor[0], descriptor[1])) {
		exception(v, GP_VECTOR, 0, 0);
		return false;
	}
	return true;
}

/*
 * INVLPG, INVPCID and MOV to CR3, which exit to KVM only with shadow paging. Under an ASID, guest-physical translations
 * of a guest without paging are linear ones, and are dropped too.
 */
static void execute_privileged(struct x86_vcpu *v)
{
	struct kvmsim_access *a = &v->access.a;
	struct kvm_vcpu *vcpu = &v->vcpu;
	bool invpcid = a->op == KVMSIM_TLBI && a->value;

	if (a->user || (a->op == KVMSIM_SET_ROOT && !x86_cr3_valid(v, a->addr))) {
		exception(v, GP_VECTOR, 0, 0);
		return;
	}
	if (!model_nested_paging()) {
		v->exit.reason = invpcid ? MODEL_EXIT_INVPCID :
				 a->op == KVMSIM_TLBI ? MODEL_EXIT_INVLPG : MODEL_EXIT_CR3;
		v->exit.addr = a->addr;
		v->exit.error_code = invpcid ? a->value - 1 : 0;
		return;
	}
	if (invpcid) {
		if (!execute_invpcid(v, a->value - 1, a->addr))
			return;
	} else if (a->op == KVMSIM_TLBI) {
		x86_invlpg(v, a->addr);
	} else {
		x86_load_cr3(v, a->addr);
	}
	kvm_rip_write(vcpu, v->access.arch.rip + v->access.arch.insn_len);
	retire(v);
}

static void execute(struct x86_vcpu *v)
{
	struct kvmsim_access *a = &v->access.a;
	struct model_piece p[2];
	unsigned int access;

	if (a->op == KVMSIM_TLBI || a->op == KVMSIM_SET_ROOT) {
		execute_privileged(v);
		return;
	}
	access = walk_access(a);
	model_count(guest_accesses, 1);
	if (is_long_mode(&v->vcpu) && !(x86_canonical(v, a->addr) && x86_canonical(v, a->addr + a->len - 1))) {
		exception(v, GP_VECTOR, 0, 0);
		return;
	}
	model_access_split(a, p);
	if (!find(v, &p[0], access) || (p[1].len && !find(v, &p[1], access)))
		return;
	model_access_perform(a, p);
	if (a->op == KVMSIM_READ || a->op == KVMSIM_XCHG)
		write_rax(&v->vcpu, a->value, a->len);
	kvm_rip_write(&v->vcpu, v->access.arch.rip + v->access.arch.insn_len);
	retire(v);
}

/* The instruction completed in KVM's emulator: RIP has moved, RAX holds what was read. */
static void retire_emulated(struct x86_vcpu *v)
{
	struct kvmsim_access *a = &v->access.a;

	if (a->op == KVMSIM_READ || a->op == KVMSIM_XCHG)
		a->value = kshim_rax(&v->vcpu) & GENMASK_ULL(8 * a->len - 1, 0);
	retire(v);
}

/* Makes the workload's next access the pending one. */
static bool next_of_workload(struct x86_vcpu *v)
{
	struct model_access *m = &v->access;

	if (!model_access_next(m))
		return false;
	m->arch.rip = kvm_rip_read(&v->vcpu);
	if (m->a.op == KVMSIM_FETCH) {
		m->arch.rip = m->a.addr;
		kvm_rip_write(&v->vcpu, m->arch.rip);
	}
	kshim_set_rbx(&v->vcpu, m->a.addr);
	m->state = MODEL_PENDING;
	return true;
}

#define NAP 100		/* microseconds */
#define MAX_NAPS 20000

/*
 * Returns whether an interrupt ends guest mode. When KVM requests a flush of a vCPU in guest mode, it sends one and
 * waits until that has left (KVM_REQUEST_WAIT).
 */
bool x86_interrupted(struct x86_vcpu *v)
{
	unsigned int naps;

	for (naps = 0; !kshim_interrupted(); naps++) {
		if (!kvm_test_request(KVM_REQ_TLB_FLUSH, &v->vcpu))
			return false;
		if (naps == MAX_NAPS) {
			host_check("guest-entry",
				   "vCPU %d does not leave guest mode for the TLB flush that is requested of it: the "
				   "interrupt did not come", v->vcpu.vcpu_id);
			return true;
		}
		host_nap(NAP);
	}
	return true;
}

static void run_accesses(struct x86_vcpu *v)
{
	/* Enough to fill the page-modification log twice. */
	unsigned int n, burst = x86_log(v) ? 2 * WALK_LOG_ENTRIES : MODEL_BURST;

	for (n = 0; n < burst; n++) {
		v->exit.reason = MODEL_EXIT_NONE;
		if (kvm_rip_read(&v->vcpu) != v->access.arch.rip)
			retire_emulated(v);
		else
			execute(v);
		if (v->access.state != MODEL_DONE || !next_of_workload(v))
			return;
		if (x86_interrupted(v))
			break;
	}
	v->exit.reason = MODEL_EXIT_INTERRUPT;
}

/*
 * KVM sets vcpu->mode with plain stores between fences, which ThreadSanitizer does not see. Another CPU looks at the
 * mode to find that this one needs no interrupt. What the guest did comes before that look.
 */
static void guest_mode_ends(struct kvm_vcpu *vcpu)
{
#ifdef __SANITIZE_THREAD__
	extern void __tsan_release(void *addr);

	__tsan_release(&vcpu->mode);
#endif
}

/* Accesses. An exception that KVM injects is the result of the access that it belongs to. */
static void run_scripted(struct x86_vcpu *v, bool immediate)
{
	if (v->event.type != X86_EVENT_NONE) {
		v->event.type = X86_EVENT_NONE;
		if (v->access.state == MODEL_PENDING)
			exception(v, v->event.vector, v->event.error_code, v->vcpu.arch.cr2);
		else
			v->exit.reason = MODEL_EXIT_HLT;
	} else if (immediate) {
		v->exit.reason = MODEL_EXIT_INTERRUPT;
	} else if (v->access.state == MODEL_PENDING) {
		run_accesses(v);
	} else {
		v->exit.reason = MODEL_EXIT_HLT;
	}
}

fastpath_t model_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	v->exit = (struct model_exit){};
	if (!irqs_disabled())
		host_check("guest-entry", "guest entry with interrupts on");
	trace_kvm_entry(vcpu, run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT);
	if (x86_runs_code(v))
		x86_execute(v, run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT);
	else
		run_scripted(v, run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT);
	guest_mode_ends(vcpu);
	x86_complete_events(v);
	v->access.arch.exits[v->exit.reason]++;
	trace_kvm_exit(vcpu, model_personality == MODEL_EPT ? KVM_ISA_VMX : KVM_ISA_SVM);
	return EXIT_FASTPATH_NONE;
}
