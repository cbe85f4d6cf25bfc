// SPDX-License-Identifier: GPL-2.0-only
/* The vendor module's guest registers, kept per vCPU like in a VMCS or VMCB. */
#include <linux/kvm_host.h>
#include "cpuid.h"
#include "kvm_cache_regs.h"
#include "mmu.h"
#include "x86.h"
#include "model.h"
#include <kshim/form/x86_regs_header.h>

static const struct kvm_segment flat_data = {
	.limit = 0xffffffff, .type = 3, .s = 1, .present = 1, .db = 1, .g = 1,
};

/* Like __vmx_vcpu_reset() and __svm_vcpu_reset(): not that of the host, which KVM_GET_MSRS of /dev/kvm gives. */
static void reset_microcode(struct kvm_vcpu *vcpu)
{
	if (kvm_check_has_quirk(vcpu->kvm, KVM_X86_QUIRK_STUFF_FEATURE_MSRS))
		vcpu->arch.microcode_version = model_personality == MODEL_EPT ? 0x100000000 : 0x1000065;
}

/* Like init_vmcb() and vmx_vcpu_reset(): the state after RESET, SDM vol. 3, table 10-1. */
void model_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	int i;

	for (i = VCPU_SREG_ES; i <= VCPU_SREG_GS; i++)
		v->seg[i] = (struct kvm_segment){ .limit = 0xffff, .type = 3, .s = 1, .present = 1 };
	v->seg[VCPU_SREG_CS] = (struct kvm_segment){
		.selector = 0xf000, .base = 0xffff0000, .limit = 0xffff, .type = 0xb, .s = 1, .present = 1 };
	v->seg[VCPU_SREG_TR] = (struct kvm_segment){ .limit = 0xffff, .type = 0xb, .present = 1 };
	v->seg[VCPU_SREG_LDTR] = (struct kvm_segment){ .limit = 0xffff, .type = 2, .present = 1 };
	v->idt = v->gdt = (struct desc_ptr){ .size = 0xffff };
	v->interruptibility = 0;
	v->nmi_masked = false;
	v->event.type = X86_EVENT_NONE;
	v->code.vectoring.type = X86_EVENT_NONE;
	v->code.irq_window = v->code.nmi_window = false;
	if (!init_event) {
		v->star = v->lstar = v->cstar = v->syscall_mask = v->kernel_gs_base = v->tsc_aux = 0;
		v->sysenter_cs = 0;
		v->sysenter_eip = v->sysenter_esp = 0;
		reset_microcode(vcpu);
		model_pml_reset(v);
	}
	model_count(guest_tlb_flushed_entries, x86_tlb_flush_all(v->tlb));
}

static u64 *msr_storage(struct x86_vcpu *v, u32 index)
{
	switch (index) {
	case MSR_STAR:
		return &v->star;
	case MSR_LSTAR:
		return &v->lstar;
	case MSR_CSTAR:
		return &v->cstar;
	case MSR_SYSCALL_MASK:
		return &v->syscall_mask;
	case MSR_KERNEL_GS_BASE:
		return &v->kernel_gs_base;
	case MSR_FS_BASE:
		return &v->seg[VCPU_SREG_FS].base;
	case MSR_GS_BASE:
		return &v->seg[VCPU_SREG_GS].base;
	case MSR_IA32_SYSENTER_EIP:
		return &v->sysenter_eip;
	case MSR_IA32_SYSENTER_ESP:
		return &v->sysenter_esp;
	case MSR_TSC_AUX:
		return &v->tsc_aux;
	}
	return NULL;
}

int model_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	u64 *storage = msr_storage(v, msr->index);

	if (storage) {
		msr->data = *storage;
		return 0;
	}
	switch (msr->index) {
	case MSR_IA32_SYSENTER_CS:
		msr->data = v->sysenter_cs;
		return 0;
	case MSR_EFER:
		return kvm_get_msr_common(vcpu, msr);
	case MSR_IA32_DEBUGCTLMSR:
		msr->data = 0;
		return 0;
	default:
		return kvm_get_msr_common(vcpu, msr);
	}
}

/* Like svm_set_msr(): AMD's registers have 32 bits, unless the guest takes the processor for Intel's. */
static bool has_32_bits(struct kvm_vcpu *vcpu, u32 index)
{
	return (index == MSR_IA32_SYSENTER_EIP || index == MSR_IA32_SYSENTER_ESP) &&
	       model_personality != MODEL_EPT && !guest_cpuid_is_intel_compatible(vcpu);
}

int model_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);
	u64 *storage = msr_storage(v, msr->index);

	if (storage) {
		*storage = has_32_bits(vcpu, msr->index) ? (u32)msr->data : msr->data;
		return 0;
	}
	switch (msr->index) {
	case MSR_IA32_SYSENTER_CS:
		v->sysenter_cs = msr->data;
		return 0;
	case MSR_IA32_DEBUGCTLMSR:
		return msr->data ? 1 : 0;
	case MSR_IA32_CR_PAT:
		return kvm_set_msr_common(vcpu, msr);
	default:
		return kvm_set_msr_common(vcpu, msr);
	}
}

bool model_flat64(struct kvm_vcpu *vcpu)
{
	return !is_paging(vcpu) || is_long_mode(vcpu);
}

u64 model_get_segment_base(struct kvm_vcpu *vcpu, int seg)
{
	struct kvm_segment var;

	model_get_segment(vcpu, &var, seg);
	return var.base;
}

/* An access runs with flat segments, whatever user space loaded: see enter_flat_mode(). */
void model_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	*var = v->seg[seg];
	if (v->running && seg <= VCPU_SREG_GS) {
		*var = flat_data;
		if (seg == VCPU_SREG_CS) {
			var->type = 0xb;
			var->l = model_flat64(vcpu);
			var->db = !var->l;
		}
		if (v->access.a.user)
			var->dpl = 3;
	}
}

void model_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	x86_vcpu_of(vcpu)->seg[seg] = *var;
}

int model_get_cpl(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	if (v->running)
		return v->access.a.user ? 3 : 0;
	return v->seg[VCPU_SREG_SS].dpl;
}

void model_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l)
{
	struct kvm_segment cs;

	model_get_segment(vcpu, &cs, VCPU_SREG_CS);
	*db = cs.db;
	*l = cs.l;
}

bool model_is_valid_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	return true;
}

void model_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	bool was_paging = is_paging(vcpu);

	if (vcpu->arch.efer & EFER_LME) {
		if (!was_paging && (cr0 & X86_CR0_PG))
			vcpu->arch.efer |= EFER_LMA;
		if (was_paging && !(cr0 & X86_CR0_PG))
			vcpu->arch.efer &= ~EFER_LMA;
	}
	vcpu->arch.cr0 = cr0;
}

bool model_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	return !(cr4 & X86_CR4_VMXE);
}

void model_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	unsigned long old = vcpu->arch.cr4;

	vcpu->arch.cr4 = cr4;
	if ((cr4 ^ old) & (X86_CR4_OSXSAVE | X86_CR4_PKE))
		kshim_cpuid_depends_on_cr4(vcpu);
}

int model_set_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	vcpu->arch.efer = efer;
	return 0;
}

void model_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	*dt = x86_vcpu_of(vcpu)->idt;
}

void model_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	x86_vcpu_of(vcpu)->idt = *dt;
}

void model_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	*dt = x86_vcpu_of(vcpu)->gdt;
}

void model_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	x86_vcpu_of(vcpu)->gdt = *dt;
}

unsigned long model_get_rflags(struct kvm_vcpu *vcpu)
{
	return x86_vcpu_of(vcpu)->rflags;
}

void model_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	x86_vcpu_of(vcpu)->rflags = rflags;
}

bool model_get_if_flag(struct kvm_vcpu *vcpu)
{
	return x86_vcpu_of(vcpu)->rflags & X86_EFLAGS_IF;
}
