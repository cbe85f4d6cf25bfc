/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of vendor_nothing.c, with the types of struct kvm_x86_ops and kvm_pmu_ops. */
#ifndef MODEL_X86_64_NOTHING_H
#define MODEL_X86_64_NOTHING_H

#include <linux/kvm_host.h>
#include "x86.h"
#include "pmu.h"

/* --- the module and the VM --- */
void model_no_hardware_unsetup(void);
void model_no_vm_destroy(struct kvm *kvm);
int model_no_vcpu_precreate(struct kvm *kvm);
int model_no_tss_addr(struct kvm *kvm, unsigned int addr);
int model_no_identity_map_addr(struct kvm *kvm, u64 addr);
void model_no_assignment(struct kvm *kvm);
void model_no_memory_reclaimed(struct kvm *kvm);

/* --- entry and exit --- */
void model_no_vcpu_put(struct kvm_vcpu *vcpu);
int model_no_pre_run(struct kvm_vcpu *vcpu);
void model_no_exit_irqoff(struct kvm_vcpu *vcpu);
void model_no_emulated_instruction(struct kvm_vcpu *vcpu);
void model_no_blocking(struct kvm_vcpu *vcpu);
void model_no_timers(struct kvm_vcpu *vcpu);
void model_no_nested_guest(struct kvm_vcpu *vcpu);

/* --- intercepts --- */
void model_no_exception_bitmap(struct kvm_vcpu *vcpu);
void model_no_msr_filter(struct kvm_vcpu *vcpu);
void model_no_window(struct kvm_vcpu *vcpu);
bool model_no_init_blocked(struct kvm_vcpu *vcpu);

/* --- registers --- */
void model_no_cr3_copy(struct kvm_vcpu *vcpu, unsigned long cr3);
void model_no_dr7(struct kvm_vcpu *vcpu, unsigned long value);
void model_no_cpuid_change(struct kvm_vcpu *vcpu);
void model_no_mce(struct kvm_vcpu *vcpu);

/* --- APIC virtualization --- */
void model_no_apicv(struct kvm_vcpu *vcpu);
void model_no_apicv_vector(struct kvm_vcpu *vcpu, int vector);
void model_no_apicv_eoi(struct kvm_vcpu *vcpu, u64 *bitmap);

/* --- performance counters --- */
bool model_no_pmu_msr(struct kvm_vcpu *vcpu, u32 msr);
struct kvm_pmc *model_no_pmc(struct kvm_vcpu *vcpu, u32 msr);
void model_no_pmu(struct kvm_vcpu *vcpu);

#endif
