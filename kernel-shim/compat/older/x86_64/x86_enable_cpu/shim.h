/* SPDX-License-Identifier: GPL-2.0-only */
/* Some of the vendor module's operations had other names. */
#define enable_virtualization_cpu	hardware_enable
#define disable_virtualization_cpu	hardware_disable

#define KVM_FIRST_EMULATED_VMX_MSR	MSR_IA32_VMX_BASIC
#define KVM_LAST_EMULATED_VMX_MSR	MSR_IA32_VMX_VMFUNC

struct kvm_x86_init_ops;

/* Completes the tables of models/x86_64/vendor_ops.c and ops with what today has other names or does not exist. */
void model_fill_ops(struct kvm_x86_init_ops *ops);
