// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/arm64/kvm/arm.c, whose handler of the boot parameter kvm-arm.mode is static.
 *
 * Up to 6.15 user space cannot ask for a vCPU with EL2, even with kvm-arm.mode=nested: the number of its feature is
 * that of features which KVM_ARM_VCPU_INIT takes. On a machine with nv2 one more is taken, as who works on nested.c has
 * to have it.
 */
#include <linux/kvm_host.h>
#include <kshim/kvm_mode.h>

enum { KERNELS_FEATURES = KVM_VCPU_MAX_FEATURES };
#undef KVM_VCPU_MAX_FEATURES
#define KVM_VCPU_MAX_FEATURES \
	(KERNELS_FEATURES == KVM_ARM_VCPU_HAS_EL2 && cpus_have_final_cap(ARM64_HAS_NESTED_VIRT) ? \
	 KVM_ARM_VCPU_HAS_EL2 + 1 : KERNELS_FEATURES)
#include "arch/arm64/kvm/arm.c"

int kshim_set_kvm_mode(const char *mode)
{
	char arg[16];

	strscpy(arg, mode, sizeof(arg));
	return early_kvm_mode_cfg(arg);
}
