// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: the machine that a personality names, the module's own init call, then the vendor module's. */
#include <linux/init.h>
#include <kshim/arch.h>
#include <kshim/mem.h>
#include <x86_64/model.h>
#include "internal.h"

/* The last one is a processor with EPT, too. */
#define PML (MODEL_SHADOW + 1)

const char *const kshim_arch_personalities[] = {
	[MODEL_EPT] = "ept", [MODEL_NPT] = "npt", [MODEL_SHADOW] = "shadow", [PML] = "pml", NULL
};

/* module_init(kvm_x86_init) of arch/x86/kvm/x86.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_x86_init;
/* arch/x86/mm/hugetlbpage.c: pages of 1 GiB, if the processor maps them. */
extern initcall_t __kshim_initcall_gigantic_pages_init;

const char *kshim_arch_facility_name(unsigned int i)
{
	return x86_facility_name(i);
}

int kshim_arch_hugetlb_sizes(void)
{
	return __kshim_initcall_gigantic_pages_init();
}

int kshim_arch_kvm_load(unsigned int personality, const char *facilities)
{
	int ret;

	if (facilities && x86_change_facilities(facilities))
		return -EINVAL;
	model_pml = personality == PML;
	model_personality = model_pml ? MODEL_EPT : personality;
	kshim_identify_cpus();
	ret = kshim_hugetlb_boot();
	if (!ret)
		ret = __kshim_initcall_kvm_x86_init();
	return ret ?: model_vendor_init();
}
