// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: the machine that a personality names, the module's own init call, then the vendor module's. */
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/mem.h>
#include <x86_64/model.h>
#include "internal.h"

/* Processors, then one that is another kind of the first, and machines whose KVM has kvm.tdp_mmu=0. */
enum { PML = MODEL_SHADOW + 1, EPT_RMAP, NPT_RMAP };

const char *const kshim_arch_personalities[] = {
	[MODEL_EPT] = "ept", [MODEL_NPT] = "npt", [MODEL_SHADOW] = "shadow", [PML] = "pml",
	[EPT_RMAP] = "ept_rmap", [NPT_RMAP] = "npt_rmap", NULL
};

/* module_init(kvm_x86_init) of arch/x86/kvm/x86.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_x86_init;

const char *kshim_arch_facility_name(unsigned int i)
{
	return x86_facility_name(i);
}

/* 1 GiB: gigantic_pages_init() of arch/x86/mm/hugetlbpage.c, which is not linked on all kernels, or hugepagesz=1G. */
int kshim_arch_hugetlb_sizes(void)
{
	if (arch_hugetlb_valid_size(PUD_SIZE))
		hugetlb_add_hstate(PUD_SHIFT - PAGE_SHIFT);
	return 0;
}

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "machine."

/* Bits: at least what RAM and device memory need with 32 GiB, at most what the formats of tables have. */
static int set_maxphyaddr(const char *value, const struct kernel_param *p)
{
	unsigned int n;
	int ret = kstrtouint(value, 0, &n);

	if (ret)
		return ret;
	if (n < 36 || n > 52)
		return -EINVAL;
	model_wanted_maxphyaddr = n;
	return 0;
}

static const struct kernel_param_ops maxphyaddr_ops = { .set = set_maxphyaddr };

module_param_cb(maxphyaddr, &maxphyaddr_ops, NULL, 0);
module_param_named(ept_ad, model_ept_ad, bool, 0);

/* Sets the processor, and whether KVM has its second way to keep nested tables: kvm.tdp_mmu. 0 or -errno. */
static int choose(unsigned int personality)
{
	switch (personality) {
	case EPT_RMAP:
		model_personality = MODEL_EPT;
		return kshim_module_param("kvm.tdp_mmu", "N");
	case NPT_RMAP:
		model_personality = MODEL_NPT;
		return kshim_module_param("kvm.tdp_mmu", "N");
	}
	model_pml = personality == PML;
	model_personality = model_pml ? MODEL_EPT : personality;
	return model_pml && !model_ept_ad ? -EINVAL : 0;
}

int kshim_arch_kvm_load(unsigned int personality, const char *facilities)
{
	int ret;

	if (facilities && x86_change_facilities(facilities))
		return -EINVAL;
	ret = choose(personality);
	if (ret)
		return ret;
	kshim_identify_cpus();
	ret = kshim_hugetlb_boot();
	if (!ret)
		ret = __kshim_initcall_kvm_x86_init();
	return ret ?: model_vendor_init();
}
