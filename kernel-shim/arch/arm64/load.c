// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: the module's own init call. The only personality is a host at EL2. */
#include <linux/errno.h>
#include <linux/init.h>
#include <kshim/arch.h>
#include <kshim/kvm_mode.h>
#include <kshim/mem.h>
#include <arm64/model.h>
#include "internal.h"

const char *const kshim_arch_personalities[] = { "vhe", NULL };

/* module_init(kvm_arm_init) of arch/arm64/kvm/arm.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_arm_init;

const char *kshim_arch_facility_name(unsigned int i)
{
	return arm64_feature_name(i);
}

/* arch_initcall() of arch/arm64/mm/hugetlbpage.c. */
extern initcall_t __kshim_initcall_hugetlbpage_init;

/* 64 KiB and 32 MiB of contiguous entries, 1 GiB blocks. */
int kshim_arch_hugetlb_sizes(void)
{
	return __kshim_initcall_hugetlbpage_init();
}

int kshim_arch_kvm_load(unsigned int personality, const char *facilities)
{
	int ret = facilities ? arm64_change_features(facilities) : 0;

	if (ret)
		return ret;
	if (arm64_have.nv2)
		ret = kshim_set_kvm_mode("nested");
	if (ret)
		return ret;
	kshim_detect_machine();
	ret = kshim_hugetlb_boot();
	return ret ?: __kshim_initcall_kvm_arm_init();
}
