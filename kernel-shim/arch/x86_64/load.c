// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: the machine that a personality names, the module's own init call, then the vendor module's. */
#include <linux/init.h>
#include <kshim/arch.h>
#include <x86_64/model.h>
#include "internal.h"

const char *const kshim_arch_personalities[] = {
	[MODEL_EPT] = "ept", [MODEL_NPT] = "npt", [MODEL_SHADOW] = "shadow", NULL
};

/* module_init(kvm_x86_init) of arch/x86/kvm/x86.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_x86_init;

/* The machine of each personality is fixed. */
const char *kshim_arch_facility_name(unsigned int i)
{
	return NULL;
}

int kshim_arch_kvm_load(unsigned int personality, const char *facilities)
{
	if (facilities)
		return -EINVAL;
	model_personality = personality;
	kshim_identify_cpus();
	return __kshim_initcall_kvm_x86_init() ?: model_vendor_init();
}
