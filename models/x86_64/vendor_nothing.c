// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the vendor module for which this machine has nothing to do, each with its reason. The kernel calls them
 * without a test for NULL, or by a static call, which needs a function without the kernel's code patching.
 */
#include "nothing.h"

/* --- the module and the VM --- */

/* hardware_setup() took nothing. */
void model_no_hardware_unsetup(void)
{
}

/* model_vm_init() took nothing. */
void model_no_vm_destroy(struct kvm *kvm)
{
}

/* A VM has no memory shared by its vCPUs' control structures, like the PID table of IPI virtualization (vmx.c). */
int model_no_vcpu_precreate(struct kvm *kvm)
{
	return 0;
}

/* A TSS in guest memory is for processors that cannot run real mode. This one can, like those of svm.c. */
int model_no_tss_addr(struct kvm *kvm, unsigned int addr)
{
	return 0;
}

/* The identity map is for processors that cannot run without paging. This one can, like those of svm.c. */
int model_no_identity_map_addr(struct kvm *kvm, u64 addr)
{
	return 0;
}

/* An assigned device only matters to posted interrupts, which this machine lacks. */
void model_no_assignment(struct kvm *kvm)
{
}

/* Caches only have to be written back for the memory of encrypted guests. */
void model_no_memory_reclaimed(struct kvm *kvm)
{
}

/* --- entry and exit --- */

/* No register of the host had to make room for the guest's. */
void model_no_vcpu_put(struct kvm_vcpu *vcpu)
{
}

/* No state of the guest forbids an entry. 1: go on. */
int model_no_pre_run(struct kvm_vcpu *vcpu)
{
	return 1;
}

/* No NMI and no machine check happens in the guest. */
void model_no_exit_irqoff(struct kvm_vcpu *vcpu)
{
}

/* For nested guests: an emulated instruction changes nothing else in the vendor's state. */
void model_no_emulated_instruction(struct kvm_vcpu *vcpu)
{
}

/* A vCPU that waits has no posted-interrupt descriptor that must name another notification vector. */
void model_no_blocking(struct kvm_vcpu *vcpu)
{
}

/* The only timer of the vendor's that could move is the preemption timer, which this machine lacks. */
void model_no_timers(struct kvm_vcpu *vcpu)
{
}

/* No vCPU runs a nested guest that it could leave, as user space asks when it sets SMM. */
void model_no_nested_guest(struct kvm_vcpu *vcpu)
{
}

/* --- intercepts --- */

/* Only #UD and, with shadow paging, #PF are intercepted, and they have no bitmap here. */
void model_no_exception_bitmap(struct kvm_vcpu *vcpu)
{
}

/* RDMSR and WRMSR of guest code always exit, so there is no bitmap of intercepted ones. */
void model_no_msr_filter(struct kvm_vcpu *vcpu)
{
}

/* The guest has no SMM, so nothing in it opens a window for SMIs. */
void model_no_window(struct kvm_vcpu *vcpu)
{
}

/* Only VMX operation of the guest and a cleared GIF block INIT; the guest has neither. */
bool model_no_init_blocked(struct kvm_vcpu *vcpu)
{
	return false;
}

/* --- registers --- */

/* Walks read vcpu->arch.cr3; only encrypted guests have a copy. */
void model_no_cr3_copy(struct kvm_vcpu *vcpu, unsigned long cr3)
{
}

/* The modelled processor has no breakpoints; KVM keeps the value in vcpu->arch.dr7. */
void model_no_dr7(struct kvm_vcpu *vcpu, unsigned long value)
{
}

/* No intercept and no control of the vendor's depends on the guest's CPUID. */
void model_no_cpuid_change(struct kvm_vcpu *vcpu)
{
}

/* For local machine checks (LMCE), which this machine lacks. */
void model_no_mce(struct kvm_vcpu *vcpu)
{
}

/* --- APIC virtualization: enable_apicv is off, so the local APIC is KVM's software model alone --- */

/* No control of the processor follows the APIC's state or mode. */
void model_no_apicv(struct kvm_vcpu *vcpu)
{
}

/* No virtual-APIC page keeps the highest requested and serviced vectors. */
void model_no_apicv_vector(struct kvm_vcpu *vcpu, int vector)
{
}

/* No EOI is virtualized, so none needs a bitmap to exit. */
void model_no_apicv_eoi(struct kvm_vcpu *vcpu, u64 *bitmap)
{
}

/* --- performance counters: the processor has none --- */

/* No MSR is one of theirs. */
bool model_no_pmu_msr(struct kvm_vcpu *vcpu, u32 msr)
{
	return false;
}

/* No MSR belongs to a counter. */
struct kvm_pmc *model_no_pmc(struct kvm_vcpu *vcpu, u32 msr)
{
	return NULL;
}

/* There is nothing to set up, reset, interrupt for or clean. */
void model_no_pmu(struct kvm_vcpu *vcpu)
{
}
