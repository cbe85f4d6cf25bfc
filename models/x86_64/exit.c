// SPDX-License-Identifier: GPL-2.0-only
/* What the vendor module does on an exit: calls into KVM like the handlers of vmx.c and svm.c. */
#include <linux/kvm_host.h>
#include "mmu.h"
#include "x86.h"
#include "trace.h"
#include "model.h"
#include <kshim/host.h>
#include <kshim/memory_error.h>
#include <kshim/sched.h>

static const char *const exit_name[MODEL_NR_EXITS] = {
	[MODEL_EXIT_NONE] = "none", [MODEL_EXIT_RETIRED] = "retired", [MODEL_EXIT_HLT] = "hlt",
	[MODEL_EXIT_INTERRUPT] = "interrupt", [MODEL_EXIT_FAULT] = "fault", [MODEL_EXIT_MISCONFIG] = "misconfiguration",
	[MODEL_EXIT_INVLPG] = "invlpg", [MODEL_EXIT_INVPCID] = "invpcid", [MODEL_EXIT_CR3] = "mov to cr3",
	[MODEL_EXIT_INSN] = "instruction",
	[MODEL_EXIT_UD] = "undefined opcode", [MODEL_EXIT_IRQ_WINDOW] = "interrupt window",
	[MODEL_EXIT_NMI_WINDOW] = "NMI window", [MODEL_EXIT_SHUTDOWN] = "shutdown",
	[MODEL_EXIT_LOG_FULL] = "log full", [MODEL_EXIT_MACHINE_CHECK] = "machine check",
	[MODEL_EXIT_BROKEN] = "broken tables",
};

/*
 * While paging is off, accesses run as flat 64-bit code, so that one instruction can reach every guest-physical address
 * (a real processor is limited to 4 GiB, or to 1 MiB in real mode). KVM's emulator must see the same mode, but user
 * space must not: EFER.LMA and CR0.PE are set only while KVM handles the exit. The same holds for guest code that a
 * scenario runs without paging; other guest code has the segments that it has loaded.
 */
struct flat_mode {
	u64 efer;
	unsigned long cr0;
	bool running;
};

static void enter_flat_mode(struct kvm_vcpu *vcpu, struct flat_mode *saved)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	saved->efer = vcpu->arch.efer;
	saved->cr0 = vcpu->arch.cr0;
	saved->running = v->running;
	if (x86_runs_code(v) && !v->running)
		return;
	v->running = true;
	if (!is_paging(vcpu)) {
		vcpu->arch.efer |= EFER_LME | EFER_LMA;
		vcpu->arch.cr0 |= X86_CR0_PE;
	}
}

static void leave_flat_mode(struct kvm_vcpu *vcpu, const struct flat_mode *saved)
{
	vcpu->arch.efer = saved->efer;
	vcpu->arch.cr0 = saved->cr0;
	x86_vcpu_of(vcpu)->running = saved->running;
}

/*
 * Returns whether the handler of this exit of guest code asks for the guest's mode. Others may not run in flat mode,
 * because they may change CR0 and EFER.
 */
static bool handler_needs_mode(struct x86_vcpu *v)
{
	struct model_exit *x = &v->exit;

	return x->reason == MODEL_EXIT_UD ||
	       (x->reason == MODEL_EXIT_INSN && (x->insn == x86_intercept_ins || x->insn == x86_intercept_outs ||
						 x->insn == x86_intercept_vmmcall));
}

/* Like handle_ept_misconfig(), handle_ept_violation() of vmx.c, npf_interception(), pf_interception() of svm.c. */
static int handle_fault(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	struct model_exit *x = &v->exit;
	struct model_access_arch *i = &v->access.arch;
	/* Hardware gives no instruction bytes with EPT. This must for accesses, whose instruction is not in memory. */
	void *insn = i->insn_len && v->access.a.op != KVMSIM_FETCH && !x86_runs_code(v) ? i->insn : NULL;
	int len = insn ? i->insn_len : 0;

	if (x->reason == MODEL_EXIT_MISCONFIG) {
		if (x86_misconfig_while_vectoring(vcpu))
			return 0;
		if (!kvm_io_bus_write(vcpu, KVM_FAST_MMIO_BUS, x->addr, 0, NULL)) {
			trace_kvm_fast_mmio(x->addr);
			return kvm_skip_emulated_instruction(vcpu);
		}
		return kvm_mmu_page_fault(vcpu, x->addr, PFERR_RSVD_MASK, insn, len);
	}
	if (model_personality == MODEL_SHADOW)
		return kvm_handle_page_fault(vcpu, x->error_code, x->addr, insn, len);
	trace_kvm_page_fault(vcpu, x->addr, x->error_code);
	return kvm_mmu_page_fault(vcpu, x->addr, x->error_code, insn, len);
}

/* For messages: the address of an access, or of the instruction of guest code. */
static u64 access_addr(struct x86_vcpu *v)
{
	return x86_runs_code(v) ? kvm_rip_read(&v->vcpu) : v->access.a.addr;
}

static void report_livelock(struct x86_vcpu *v)
{
	struct model_access *m = &v->access;

	host_check("livelock",
		   "livelock: vCPU %d makes no progress at address %llx after %u faults; the last one: %s at %llx, "
		   "error code %llx; of all, %u faults and %u misconfigurations",
		   v->vcpu.vcpu_id, access_addr(v), m->faults, exit_name[v->exit.reason], v->exit.addr,
		   v->exit.error_code, m->arch.exits[MODEL_EXIT_FAULT], m->arch.exits[MODEL_EXIT_MISCONFIG]);
}

static int to_user_space(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	vcpu->run->hw.hardware_exit_reason = x86_vcpu_of(vcpu)->exit.reason;
	return 0;
}

/*
 * Like kvm_machine_check() of x86.c, and the task work of the handler before the next entry. Then either the process
 * has a signal, or no guest has the frame any more.
 */
static int handle_machine_check(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	u64 pfn = v->exit.addr >> PAGE_SHIFT;

	if (kshim_machine_check(pfn))
		return 1;
	if (v->error_pfn == pfn) {
		host_check("guest-access", "guest access to %llx: it leads to frame %llx, which has a memory error, "
			   "and whose users have been unmapped", access_addr(v), pfn);
		v->access.state = MODEL_ABORTED;
		return to_user_space(vcpu);
	}
	v->error_pfn = pfn;
	return 1;
}

int model_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	struct flat_mode saved;
	unsigned long rip;
	int ret;

	model_pml_exit(vcpu);
	switch (v->exit.reason) {
	case MODEL_EXIT_FAULT:
	case MODEL_EXIT_MISCONFIG:
		break;
	case MODEL_EXIT_INTERRUPT:
		return x86_runs_code(v) ? x86_handle_code_exit(vcpu) : 1;
	case MODEL_EXIT_INSN ... MODEL_EXIT_SHUTDOWN:
		if (!handler_needs_mode(v))
			return x86_handle_code_exit(vcpu);
		enter_flat_mode(vcpu, &saved);
		ret = x86_handle_code_exit(vcpu);
		leave_flat_mode(vcpu, &saved);
		return ret;
	case MODEL_EXIT_HLT:
		return kvm_emulate_halt(vcpu);
	/* Like handle_invlpg() and handle_cr() of vmx.c, invlpg_interception() and cr_interception() of svm.c. */
	case MODEL_EXIT_INVLPG:
		kvm_mmu_invlpg(vcpu, v->exit.addr);
		return kvm_skip_emulated_instruction(vcpu);
	/* Like invpcid_interception() of svm.c. */
	case MODEL_EXIT_INVPCID:
		return kvm_handle_invpcid(vcpu, v->exit.error_code, v->exit.addr);
	case MODEL_EXIT_CR3:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr3(vcpu, v->exit.addr));
	/* Like handle_pml_full() of vmx.c: the log is empty already. */
	case MODEL_EXIT_LOG_FULL:
		trace_kvm_pml_full(vcpu->vcpu_id);
		return 1;
	case MODEL_EXIT_MACHINE_CHECK:
		return handle_machine_check(vcpu);
	case MODEL_EXIT_BROKEN:
		if (v->exit.addr)
			host_check("guest-access", "guest access to %llx: a table entry at %llx, outside of memory",
				   access_addr(v), v->exit.addr);
		v->access.state = MODEL_ABORTED;
		return to_user_space(vcpu);
	default:
		return to_user_space(vcpu);
	}

	model_count(guest_faults, 1);
	v->access.all_faults++;
	/* KVM retries while the host's mm changes the page; that thread may need this native thread's CPU. */
	kshim_back_off(v->access.faults);
	if (++v->access.faults > MODEL_MAX_FAULTS) {
		report_livelock(v);
		v->access.state = MODEL_ABORTED;
		v->access.faults = 0;
		return to_user_space(vcpu);
	}
	rip = kvm_rip_read(vcpu);
	enter_flat_mode(vcpu, &saved);
	ret = handle_fault(vcpu);
	leave_flat_mode(vcpu, &saved);
	/* KVM's emulator would have used the XMM registers of the host. */
	if (x86_runs_code(v) && v->code.fpu && (vcpu->mmio_needed || rip != kvm_rip_read(vcpu)))
		model_refuse("MMIO, and other emulation by KVM, of instructions of the FPU");
	return ret;
}

int model_skip_emulated_instruction(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	/* A HLT has one byte, and so has what FETCH executes. */
	unsigned int len = x86_runs_code(v) ? v->exit.insn_len :
			   v->access.state == MODEL_PENDING ? v->access.arch.insn_len : 1;

	kvm_rip_write(vcpu, kvm_rip_read(vcpu) + len);
	v->interruptibility = 0;
	return 1;
}

void model_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info, u32 *error_code)
{
	struct model_exit *x = &x86_vcpu_of(vcpu)->exit;

	/* The vendor's own numbers, so that the kernel's trace events print a known name. */
	static const u32 vmx_reason[MODEL_NR_EXITS] = {
		[MODEL_EXIT_RETIRED] = 18 /* VMCALL */, [MODEL_EXIT_HLT] = 12, [MODEL_EXIT_INTERRUPT] = 1,
		[MODEL_EXIT_FAULT] = 48, [MODEL_EXIT_MISCONFIG] = 49,
		[MODEL_EXIT_INVLPG] = 14, [MODEL_EXIT_CR3] = 28, [MODEL_EXIT_IRQ_WINDOW] = 7,
		[MODEL_EXIT_NMI_WINDOW] = 8, [MODEL_EXIT_SHUTDOWN] = 2, [MODEL_EXIT_UD] = 0 /* EXCEPTION_NMI */,
		[MODEL_EXIT_LOG_FULL] = 62, [MODEL_EXIT_MACHINE_CHECK] = 0 /* EXCEPTION_NMI */,
	};
	static const u32 svm_reason[MODEL_NR_EXITS] = {
		[MODEL_EXIT_RETIRED] = 0x81 /* VMMCALL */, [MODEL_EXIT_HLT] = 0x78, [MODEL_EXIT_INTERRUPT] = 0x60,
		[MODEL_EXIT_FAULT] = 0x400, [MODEL_EXIT_INVLPG] = 0x79, [MODEL_EXIT_CR3] = 0x13,
		[MODEL_EXIT_INVPCID] = 0xa2,
		[MODEL_EXIT_IRQ_WINDOW] = 0x64 /* VINTR */, [MODEL_EXIT_NMI_WINDOW] = 0x61 /* NMI */,
		[MODEL_EXIT_SHUTDOWN] = 0x7f, [MODEL_EXIT_UD] = 0x46,
		[MODEL_EXIT_MACHINE_CHECK] = 0x52,
	};
	static const struct {
		u8 vmx, svm;
	} insn_reason[nr_x86_intercepts] = {
		[x86_intercept_in] = { 30, 0x7b }, [x86_intercept_ins] = { 30, 0x7b },
		[x86_intercept_out] = { 30, 0x7b }, [x86_intercept_outs] = { 30, 0x7b },
		[x86_intercept_cr_write] = { 28, 0x10 }, [x86_intercept_vmmcall] = { 18, 0x81 },
		[x86_intercept_cpuid] = { 10, 0x72 }, [x86_intercept_rdmsr] = { 31, 0x7c },
		[x86_intercept_wrmsr] = { 32, 0x7c }, [x86_intercept_rdpmc] = { 15, 0x6f },
		[x86_intercept_wbinvd] = { 54, 0x89 }, [x86_intercept_invd] = { 13, 0x76 },
		[x86_intercept_xsetbv] = { 55, 0x8d }, [x86_intercept_monitor] = { 39, 0x8a },
		[x86_intercept_mwait] = { 36, 0x8b },
	};

	*reason = model_personality == MODEL_EPT ? vmx_reason[x->reason] : svm_reason[x->reason];
	if (x->reason == MODEL_EXIT_INSN)
		*reason = model_personality == MODEL_EPT ? insn_reason[x->insn].vmx : insn_reason[x->insn].svm;
	if (model_personality == MODEL_SHADOW && x->reason == MODEL_EXIT_FAULT)
		*reason = 0x4e;	/* SVM_EXIT_EXCP_BASE + PF_VECTOR */
	*info1 = x->error_code;
	*info2 = x->addr;
	*intr_info = 0;
	*error_code = 0;
}
