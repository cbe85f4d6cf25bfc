// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor module's table of operations. Each one that the kernel may call has a function here, in vendor_regs.c,
 * mmu.c, run.c or exit.c, or in vendor_nothing.c, or is refused by name (vendor_refused.c). Operations that the kernel
 * tests for NULL before the call stay NULL. What differs between kernels is in kernel-shim/compat.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include "cpuid.h"
#include "lapic.h"
#include "mmu.h"
#include "smm.h"
#include "x86.h"
#include "trace.h"
#include "model.h"
#include "nothing.h"
#include <kshim/host.h>

static DEFINE_PER_CPU(bool, virtualization_on);

static int enable_virtualization_cpu(void)
{
	if (this_cpu_read(virtualization_on))
		return -EBUSY;
	this_cpu_write(virtualization_on, true);
	return 0;
}

static void disable_virtualization_cpu(void)
{
	this_cpu_write(virtualization_on, false);
}

/* Like svm_has_emulated_msr(). */
static bool has_emulated_msr(struct kvm *kvm, u32 index)
{
	return index != MSR_IA32_MCG_EXT_CTL &&
	       !(index >= KVM_FIRST_EMULATED_VMX_MSR && index <= KVM_LAST_EMULATED_VMX_MSR);
}

static int vcpu_create(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	v->tlb = kvzalloc(sizeof(*v->tlb), GFP_KERNEL_ACCOUNT);
	if (!v->tlb)
		return -ENOMEM;
	if (model_pml_create(v)) {
		kvfree(v->tlb);
		return -ENOMEM;
	}
	x86_tlb_init(v->tlb);
	v->root = INVALID_PAGE;
	x86_code_init(v);
	vcpu->arch.apic_base = APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE |
			       (kvm_vcpu_is_reset_bsp(vcpu) ? MSR_IA32_APICBASE_BSP : 0);
	return 0;
}

static void vcpu_free(struct kvm_vcpu *vcpu)
{
	model_pml_free(x86_vcpu_of(vcpu));
	kvfree(x86_vcpu_of(vcpu)->tlb);
}

/* No host state has to make room for the guest's. */
static void prepare_switch_to_guest(struct kvm_vcpu *vcpu)
{
	if (!this_cpu_read(virtualization_on))
		host_check("guest-entry", "guest entry on CPU %d, where virtualization is off",
			   raw_smp_processor_id());
}

/* On another CPU stale entries of an earlier visit may be left: vmx_vcpu_load_vmcs(), pre_svm_run(). */
static void vcpu_load_cpu(struct kvm_vcpu *vcpu, int cpu)
{
	if (vcpu->cpu != cpu)
		kvm_make_request(KVM_REQ_TLB_FLUSH, vcpu);
}

static void set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask)
{
	x86_vcpu_of(vcpu)->interruptibility = mask;
}

static u32 get_interrupt_shadow(struct kvm_vcpu *vcpu)
{
	return x86_vcpu_of(vcpu)->interruptibility;
}

static void cancel_injection(struct kvm_vcpu *vcpu)
{
	/* The event stays queued in vcpu->arch, and KVM injects it again. */
	x86_vcpu_of(vcpu)->event.type = X86_EVENT_NONE;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

static int interrupt_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	return model_get_if_flag(vcpu) && !x86_vcpu_of(vcpu)->interruptibility;
}

static int nmi_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	return !x86_vcpu_of(vcpu)->nmi_masked && !x86_vcpu_of(vcpu)->interruptibility;
}

static bool get_nmi_mask(struct kvm_vcpu *vcpu)
{
	return x86_vcpu_of(vcpu)->nmi_masked;
}

static void set_nmi_mask(struct kvm_vcpu *vcpu, bool masked)
{
	x86_vcpu_of(vcpu)->nmi_masked = masked;
}

/* Like vmx_deliver_interrupt() without posted interrupts. */
static void deliver_interrupt(struct kvm_lapic *apic, int delivery_mode, int trig_mode, int vector)
{
	kvm_lapic_set_irr(vector, apic);
	kvm_make_request(KVM_REQ_EVENT, apic->vcpu);
	kvm_vcpu_kick(apic->vcpu);
}

static int sync_pir_to_irr(struct kvm_vcpu *vcpu)
{
	return kvm_lapic_find_highest_irr(vcpu);
}

/* WBINVD of the guest would exit, so other CPUs need not write back their caches when the vCPU moves. */
static bool has_wbinvd_exit(void)
{
	return true;
}

static int smi_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	return !is_smm(vcpu);
}

static int complete_emulated_msr(struct kvm_vcpu *vcpu, int err)
{
	return kvm_complete_insn_gp(vcpu, err);
}

/* model_fill_ops() and its relatives complete the tables for the kernel's forms. */
struct kvm_x86_ops model_x86_ops = {
	.name = "kvm_sim",
	.enable_virtualization_cpu = enable_virtualization_cpu,
	.disable_virtualization_cpu = disable_virtualization_cpu,
	.hardware_unsetup = model_no_hardware_unsetup,
	.has_emulated_msr = has_emulated_msr,
	.vcpu_after_set_cpuid = model_no_cpuid_change,
	.vm_size = sizeof(struct kvm),
	.vm_init = model_vm_init,
	.vm_destroy = model_no_vm_destroy,
	.vcpu_precreate = model_no_vcpu_precreate,
	.vcpu_create = vcpu_create,
	.vcpu_free = vcpu_free,
	.vcpu_reset = model_vcpu_reset,
	.prepare_switch_to_guest = prepare_switch_to_guest,
	.vcpu_load = vcpu_load_cpu,
	.vcpu_put = model_no_vcpu_put,
	.update_exception_bitmap = model_no_exception_bitmap,
	.get_msr = model_get_msr,
	.set_msr = model_set_msr,
	.get_segment_base = model_get_segment_base,
	.get_segment = model_get_segment,
	.get_cpl = model_get_cpl,
	.set_segment = model_set_segment,
	.get_cs_db_l_bits = model_get_cs_db_l_bits,
	.is_valid_cr0 = model_is_valid_cr0,
	.set_cr0 = model_set_cr0,
	.post_set_cr3 = model_no_cr3_copy,
	.is_valid_cr4 = model_is_valid_cr4,
	.set_cr4 = model_set_cr4,
	.set_efer = model_set_efer,
	.get_idt = model_get_idt,
	.set_idt = model_set_idt,
	.get_gdt = model_get_gdt,
	.set_gdt = model_set_gdt,
	.set_dr7 = model_no_dr7,
	.get_rflags = model_get_rflags,
	.set_rflags = model_set_rflags,
	.get_if_flag = model_get_if_flag,
	.flush_tlb_all = model_flush_tlb_all,
	.flush_tlb_current = model_flush_tlb_current,
	.flush_tlb_guest = model_flush_tlb_guest,
	.vcpu_run = model_vcpu_run,
	.handle_exit = model_handle_exit,
	.skip_emulated_instruction = model_skip_emulated_instruction,
	.update_emulated_instruction = model_no_emulated_instruction,
	.set_interrupt_shadow = set_interrupt_shadow,
	.get_interrupt_shadow = get_interrupt_shadow,
	.inject_exception = model_inject_exception,
	.cancel_injection = cancel_injection,
	.interrupt_allowed = interrupt_allowed,
	.nmi_allowed = nmi_allowed,
	.get_nmi_mask = get_nmi_mask,
	.set_nmi_mask = set_nmi_mask,
	.inject_irq = model_inject_irq,
	.inject_nmi = model_inject_nmi,
	.patch_hypercall = model_patch_hypercall,
	.enable_nmi_window = model_enable_nmi_window,
	.enable_irq_window = model_enable_irq_window,
	.refresh_apicv_exec_ctrl = model_no_apicv,
	.hwapic_isr_update = model_no_apicv_vector,
	.load_eoi_exitmap = model_no_apicv_eoi,
	.set_virtual_apic_mode = model_no_apicv,
	.deliver_interrupt = deliver_interrupt,
	.sync_pir_to_irr = sync_pir_to_irr,
	.set_tss_addr = model_no_tss_addr,
	.set_identity_map_addr = model_no_identity_map_addr,
	.load_mmu_pgd = model_load_mmu_pgd,
	.has_wbinvd_exit = has_wbinvd_exit,
	.get_exit_info = model_get_exit_info,
	.handle_exit_irqoff = model_no_exit_irqoff,
	.update_cpu_dirty_logging = model_update_dirty_logging,
	.vcpu_blocking = model_no_blocking,
	.vcpu_unblocking = model_no_blocking,
	.apicv_pre_state_restore = model_no_apicv,
	.apicv_post_state_restore = model_no_apicv,
	.setup_mce = model_no_mce,
	.smi_allowed = smi_allowed,
	.enable_smi_window = model_no_window,
	.guest_memory_reclaimed = model_no_memory_reclaimed,
	.apic_init_signal_blocked = model_no_init_blocked,
	.migrate_timers = model_no_timers,
	.complete_emulated_msr = complete_emulated_msr,
	.vcpu_deliver_sipi_vector = kvm_vcpu_deliver_sipi_vector,
};

struct kvm_pmu_ops model_pmu_ops = {
	.msr_idx_to_pmc = model_no_pmc,
	.is_valid_msr = model_no_pmu_msr,
	.init = model_no_pmu,
	.reset = model_no_pmu,
	.deliver_pmi = model_no_pmu,
	.cleanup = model_no_pmu,
};
