/* SPDX-License-Identifier: GPL-2.0-only */
/* Some of the vendor module's operations had other names. */
#define enable_virtualization_cpu	hardware_enable
#define disable_virtualization_cpu	hardware_disable

#define KVM_FIRST_EMULATED_VMX_MSR	MSR_IA32_VMX_BASIC
#define KVM_LAST_EMULATED_VMX_MSR	MSR_IA32_VMX_VMFUNC

/* No quirk says so: feature MSRs always begin with what KVM supports. */
#define KVM_X86_QUIRK_STUFF_FEATURE_MSRS	0
