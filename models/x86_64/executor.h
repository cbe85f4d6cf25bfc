/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest code: the kernel's own decoder and emulator (arch/x86/kvm/emulate.c) as the processor, with memory through
 * x86_translate().
 *
 * An instruction changes registers only when it is complete, so it can be restarted exactly, whatever it faults on.
 * What the emulator does not know is done here (exec_event.c: INT n, IRET and exceptions through the IDT; exec_fpu.c)
 * or refused with its bytes and address.
 *
 * A vCPU executes code while its access is KVMSIM_CODE, see common/access.h, or if x86_code_by_default is set and it
 * has no access.
 */
#ifndef MODEL_X86_64_EXECUTOR_H
#define MODEL_X86_64_EXECUTOR_H

#include <linux/kvm_host.h>
#include "kvm_emulate.h"

struct x86_vcpu;

/* Whether KVM_RUN of a vCPU without an access executes the code at its RIP, instead of a HLT. Set it before KVM_RUN. */
extern bool x86_code_by_default;

enum x86_event_type {
	X86_EVENT_NONE,
	X86_EVENT_INTERRUPT,
	X86_EVENT_NMI,
	X86_EVENT_EXCEPTION,
	X86_EVENT_SOFT_INTERRUPT,	/* INT n */
	X86_EVENT_SOFT_EXCEPTION,	/* INT3, INTO */
};

/* What goes through the IDT: VM_ENTRY_INTR_INFO, IDT_VECTORING_INFO of vmx.c, event_inj and exit_int_info of svm.c. */
struct x86_event {
	enum x86_event_type type;
	u8 vector;
	u8 insn_len;		/* software events: bytes of the instruction, which the saved RIP is behind */
	bool has_error_code;
	u32 error_code;
};

/* A vCPU's part of the executor. */
struct x86_code {
	struct x86_emulate_ctxt ctxt;
	struct x86_emulate_ops ops;
	struct x86_event vectoring;	/* was being delivered at the last exit; X86_EVENT_NONE: nothing */
	u8 bytes[15], nr_bytes;	/* of the instruction and what follows, as far as they are known before it is decoded */
	bool retry;		/* another CPU changed what a locked instruction had read: it is executed again */
	bool fpu;		/* the instruction uses XMM or x87 state, which KVM's emulator would not find */
	bool irq_window, nmi_window;	/* exit as soon as such an event could be delivered */
};

/* --- exec.c --- */
/* Prepares a new vCPU, whose KVM part is complete. */
void x86_code_init(struct x86_vcpu *v);
/* Whether KVM_RUN executes code now. */
bool x86_runs_code(struct x86_vcpu *v);
/*
 * Executes code from RIP on, with interrupts off, until the guest exits or an interrupt is due. immediate: only
 * delivers v->event. v->exit says why it ended; after an exit, v->code.vectoring is what was being delivered.
 */
void x86_execute(struct x86_vcpu *v, bool immediate);
/* Ends the scenario: the instruction that is being executed is not modelled. */
void x86_refuse_insn(struct x86_vcpu *v, const char *what) __noreturn;

/* --- exec_mem.c: memory and the operations of the emulator that reach it; X86EMUL_* --- */
void x86_code_mem_ops(struct x86_emulate_ops *ops);
/* Reads or writes as CPL 0, like the processor for its own tables and for a new stack. */
int x86_system_read(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes);
int x86_system_write(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes);
/* Reads or writes with the rights of the current CPL. */
int x86_data_read(struct x86_vcpu *v, u64 addr, void *val, unsigned int bytes);
int x86_data_write(struct x86_vcpu *v, u64 addr, const void *val, unsigned int bytes);

/* --- exec_event.c: the IDT of a 64-bit guest --- */
/* Each returns true if the guest goes on, false if v->exit is set. */
bool x86_deliver(struct x86_vcpu *v, const struct x86_event *ev);
/* Delivers what ctxt.exception has, or exits if it is intercepted. */
bool x86_raise(struct x86_vcpu *v);
/* IRET with 8-byte operands. */
bool x86_iretq(struct x86_vcpu *v);
/* Sets ctxt.exception. Returns X86EMUL_PROPAGATE_FAULT. */
int x86_fault(struct x86_vcpu *v, u8 vector, bool has_error_code, u32 error_code);

/* --- exec_fpu.c: what the emulator lacks --- */
/*
 * Executes the instruction in code.bytes, which has not been decoded, if it is one of these. *rc: X86EMUL_*. Returns
 * false if it is none. On X86EMUL_CONTINUE ctxt._eip is behind it.
 */
bool x86_execute_fpu(struct x86_vcpu *v, int *rc);

/* --- exec_exit.c: what both vendor modules do --- */
/* Calls KVM's handler for an exit of code. Returns like kvm_x86_ops.handle_exit. */
int x86_handle_code_exit(struct kvm_vcpu *vcpu);
/* After a MODEL_EXIT_MISCONFIG: returns whether an event was being delivered, with the exit to user space filled in. */
bool x86_misconfig_while_vectoring(struct kvm_vcpu *vcpu);
void model_inject_irq(struct kvm_vcpu *vcpu, bool reinjected);
void model_inject_nmi(struct kvm_vcpu *vcpu);
void model_enable_irq_window(struct kvm_vcpu *vcpu);
void model_enable_nmi_window(struct kvm_vcpu *vcpu);
void model_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *hypercall);
/* Queues in KVM what was being delivered at the exit, like vmx_complete_interrupts(), svm_complete_interrupts(). */
void x86_complete_events(struct x86_vcpu *v);

#endif
