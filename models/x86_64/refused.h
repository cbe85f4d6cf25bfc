/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of vendor_refused.c, with the types of struct kvm_x86_ops, kvm_pmu_ops and kvm_x86_nested_ops. */
#ifndef MODEL_X86_64_REFUSED_H
#define MODEL_X86_64_REFUSED_H

#include "x86.h"
#include "smm.h"
#include "pmu.h"
#include "kvm_emulate.h"
#include "model.h"
#include <kshim/form/x86_smm_header.h>

void model_refused_inject_irq(struct kvm_vcpu *vcpu, bool reinjected);
void model_refused_inject_nmi(struct kvm_vcpu *vcpu);
void model_refused_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *hypercall);
int model_refused_check_intercept(struct kvm_vcpu *vcpu, struct x86_instruction_info *info,
				  enum x86_intercept_stage stage, struct x86_exception *exception);
u64 model_refused_get_l2_tsc_offset(struct kvm_vcpu *vcpu);
u64 model_refused_get_l2_tsc_multiplier(struct kvm_vcpu *vcpu);
void model_refused_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg);
int model_refused_pi_update_irte(struct kvm *kvm, unsigned int host_irq, uint32_t guest_irq, bool set);
void model_refused_sync_dirty_debug_regs(struct kvm_vcpu *vcpu);
int model_refused_enter_smm(struct kvm_vcpu *vcpu, kshim_smram *smram);
int model_refused_leave_smm(struct kvm_vcpu *vcpu, const kshim_smram *smram);

struct kvm_pmc *model_refused_rdpmc_ecx_to_pmc(struct kvm_vcpu *vcpu, unsigned int idx, u64 *mask);
int model_refused_pmu_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int model_refused_pmu_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
void model_refused_pmu_refresh(struct kvm_vcpu *vcpu);

void model_refused_leave_nested(struct kvm_vcpu *vcpu);
bool model_refused_is_exception_vmexit(struct kvm_vcpu *vcpu, u8 vector, u32 error_code);
int model_refused_check_events(struct kvm_vcpu *vcpu);
void model_refused_nested_triple_fault(struct kvm_vcpu *vcpu);
bool model_refused_get_nested_state_pages(struct kvm_vcpu *vcpu);

#endif
