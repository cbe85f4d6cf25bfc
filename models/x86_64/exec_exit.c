// SPDX-License-Identifier: GPL-2.0-only
/* What the vendor module does for guest code: handlers of its exits, and events in and out of the guest. */
#include <linux/kvm_host.h>
#include <asm/vmx.h>
#include "kvm_cache_regs.h"
#include "lapic.h"
#include "mmu.h"
#include "x86.h"
#include "trace.h"
#include "model.h"
#include <kshim/form/x86_requeue_exception.h>
#include <kshim/sched.h>

/* --- exits --- */

/* Like handle_cr() of vmx.c, cr_interception() of svm.c. The emulator has turned CLTS and LMSW into a value of CR0. */
static int set_cr(struct kvm_vcpu *vcpu, unsigned int nr, u64 value)
{
	u8 old = kvm_get_cr8(vcpu);
	int ret;

	switch (nr) {
	case 0:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr0(vcpu, value));
	case 4:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr4(vcpu, value));
	case 8:
		ret = kvm_complete_insn_gp(vcpu, kvm_set_cr8(vcpu, value));
		if (lapic_in_kernel(vcpu) || old <= value)
			return ret;
		vcpu->run->exit_reason = KVM_EXIT_SET_TPR;
		return 0;
	default:
		BUG();
	}
}

static int intercepted(struct kvm_vcpu *vcpu)
{
	struct model_exit *x = &x86_vcpu_of(vcpu)->exit;

	switch (x->insn) {
	case x86_intercept_in:
		return kvm_fast_pio(vcpu, x->error_code, x->addr, 1);
	case x86_intercept_out:
		return kvm_fast_pio(vcpu, x->error_code, x->addr, 0);
	case x86_intercept_ins:
	case x86_intercept_outs:
		return kvm_emulate_instruction(vcpu, 0);
	case x86_intercept_cr_write:
		return set_cr(vcpu, x->error_code, x->addr);
	case x86_intercept_vmmcall:
		return kvm_emulate_hypercall(vcpu);
	case x86_intercept_cpuid:
		return kvm_emulate_cpuid(vcpu);
	case x86_intercept_rdmsr:
		return kvm_emulate_rdmsr(vcpu);
	case x86_intercept_wrmsr:
		return kvm_emulate_wrmsr(vcpu);
	case x86_intercept_rdpmc:
		return kvm_emulate_rdpmc(vcpu);
	case x86_intercept_wbinvd:
		return kvm_emulate_wbinvd(vcpu);
	case x86_intercept_invd:
		return kvm_emulate_invd(vcpu);
	case x86_intercept_xsetbv:
		return kvm_emulate_xsetbv(vcpu);
	case x86_intercept_monitor:
		return kvm_emulate_monitor(vcpu);
	case x86_intercept_mwait:
		return kvm_emulate_mwait(vcpu);
	default:
		BUG();
	}
}

/* Like handle_interrupt_window(), handle_nmi_window() of vmx.c. */
static int window(struct kvm_vcpu *vcpu, bool nmi)
{
	struct x86_code *k = &x86_vcpu_of(vcpu)->code;

	if (nmi) {
		k->nmi_window = false;
		++vcpu->stat.nmi_window_exits;
	} else {
		k->irq_window = false;
		++vcpu->stat.irq_window_exits;
	}
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

/* Like handle_triple_fault() of vmx.c, and shutdown_interception() of svm.c, where the VMCB is undefined afterwards. */
static int shutdown(struct kvm_vcpu *vcpu)
{
	if (model_personality == MODEL_EPT)
		vcpu->mmio_needed = 0;
	else
		kvm_vcpu_reset(vcpu, true);
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	return 0;
}

int x86_handle_code_exit(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	switch (v->exit.reason) {
	case MODEL_EXIT_INSN:
		return intercepted(vcpu);
	case MODEL_EXIT_UD:
		return handle_ud(vcpu);
	case MODEL_EXIT_IRQ_WINDOW:
		return window(vcpu, false);
	case MODEL_EXIT_NMI_WINDOW:
		return window(vcpu, true);
	case MODEL_EXIT_SHUTDOWN:
		return shutdown(vcpu);
	case MODEL_EXIT_INTERRUPT:
		/* A guest that waits by its TSC waits for virtual time, and maybe for another thread. */
		kshim_cpu_relax();
		return 1;
	default:
		BUG();
	}
}

/* VECTORING_INFO of an event. */
static u32 vectoring_info(const struct x86_event *ev)
{
	static const u32 type[] = {
		[X86_EVENT_INTERRUPT] = INTR_TYPE_EXT_INTR, [X86_EVENT_NMI] = INTR_TYPE_NMI_INTR,
		[X86_EVENT_EXCEPTION] = INTR_TYPE_HARD_EXCEPTION, [X86_EVENT_SOFT_INTERRUPT] = INTR_TYPE_SOFT_INTR,
		[X86_EVENT_SOFT_EXCEPTION] = INTR_TYPE_SOFT_EXCEPTION,
	};

	if (ev->type == X86_EVENT_NONE)
		return 0;
	return VECTORING_INFO_VALID_MASK | type[ev->type] | ev->vector |
	       (ev->has_error_code ? VECTORING_INFO_DELIVER_CODE_MASK : 0);
}

/*
 * Like __vmx_handle_exit(): an EPT misconfiguration means MMIO, which cannot be emulated while an event is being
 * delivered, and would happen again and again. svm.c has no such test: there the emulator finds out.
 */
bool x86_misconfig_while_vectoring(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	struct kvm_run *run = vcpu->run;

	if (v->code.vectoring.type == X86_EVENT_NONE)
		return false;
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	run->internal.ndata = 5;
	run->internal.data[0] = vectoring_info(&v->code.vectoring);
	run->internal.data[1] = EXIT_REASON_EPT_MISCONFIG;
	run->internal.data[2] = 0;
	run->internal.data[3] = v->exit.addr;
	run->internal.data[4] = vcpu->arch.last_vmentry_cpu;
	return true;
}

/* --- events --- */

/* Scripted accesses have no IDT: an interrupt would have nowhere to go. */
static void needs_code(struct kvm_vcpu *vcpu, const char *op)
{
	if (!x86_runs_code(x86_vcpu_of(vcpu)))
		model_refuse(op);
}

void model_inject_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	needs_code(vcpu, "kvm_x86_ops.inject_irq for a vCPU that executes no code");
	trace_kvm_inj_virq(vcpu->arch.interrupt.nr, vcpu->arch.interrupt.soft, reinjected);
	++vcpu->stat.irq_injections;
	x86_vcpu_of(vcpu)->event = (struct x86_event){
		.type = vcpu->arch.interrupt.soft ? X86_EVENT_SOFT_INTERRUPT : X86_EVENT_INTERRUPT,
		.vector = vcpu->arch.interrupt.nr,
		.insn_len = vcpu->arch.event_exit_inst_len,
	};
}

void model_inject_nmi(struct kvm_vcpu *vcpu)
{
	needs_code(vcpu, "kvm_x86_ops.inject_nmi for a vCPU that executes no code");
	++vcpu->stat.nmi_injections;
	x86_vcpu_of(vcpu)->event = (struct x86_event){ .type = X86_EVENT_NMI, .vector = NMI_VECTOR };
}

void model_inject_exception(struct kvm_vcpu *vcpu)
{
	struct kvm_queued_exception *ex = &vcpu->arch.exception;

	kvm_deliver_exception_payload(vcpu, ex);
	x86_vcpu_of(vcpu)->event = (struct x86_event){
		.type = kvm_exception_is_soft(ex->vector) ? X86_EVENT_SOFT_EXCEPTION : X86_EVENT_EXCEPTION,
		.vector = ex->vector, .has_error_code = ex->has_error_code,
		.error_code = ex->has_error_code ? ex->error_code : 0,
		.insn_len = vcpu->arch.event_exit_inst_len,
	};
}

/* Accesses change neither IF nor the NMI mask. For them, only an ioctl opens a window; it requests KVM_REQ_EVENT. */
void model_enable_irq_window(struct kvm_vcpu *vcpu)
{
	x86_vcpu_of(vcpu)->code.irq_window = true;
}

void model_enable_nmi_window(struct kvm_vcpu *vcpu)
{
	x86_vcpu_of(vcpu)->code.nmi_window = true;
}

void model_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *hypercall)
{
	static const u8 vmcall[] = { 0x0f, 0x01, 0xc1 }, vmmcall[] = { 0x0f, 0x01, 0xd9 };

	memcpy(hypercall, x86_cpu_is_intel() ? vmcall : vmmcall, 3);
}

/*
 * svm.c finds the length of a software event's instruction by decoding it again; this processor remembers it, for both
 * vendors in the field that only vmx.c uses.
 */
void x86_complete_events(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	struct x86_event *ev = &v->code.vectoring;

	vcpu->arch.nmi_injected = false;
	kvm_clear_exception_queue(vcpu);
	kvm_clear_interrupt_queue(vcpu);
	if (ev->type == X86_EVENT_NONE)
		return;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	vcpu->arch.event_exit_inst_len = ev->insn_len;
	switch (ev->type) {
	case X86_EVENT_NMI:
		vcpu->arch.nmi_injected = true;
		break;
	case X86_EVENT_EXCEPTION:
	case X86_EVENT_SOFT_EXCEPTION:
		kshim_requeue_exception(vcpu, ev->vector, ev->has_error_code, ev->error_code);
		break;
	default:
		kvm_queue_interrupt(vcpu, ev->vector, ev->type == X86_EVENT_SOFT_INTERRUPT);
	}
}
