// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: the module's own init call. */
#include <linux/init.h>
#include <linux/string.h>
#include <asm/sclp.h>
#include "model.h"
#include <kshim/arch.h>

/* "skf": with the storage-key facility, by which SIE interprets what KVM emulates otherwise. */
const char *const kshim_arch_personalities[] = { "sie", "skf", NULL };

/* module_init(kvm_s390_init) of arch/s390/kvm/kvm-s390.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_s390_init;

int kshim_arch_kvm_load(const char *personality)
{
	if (personality && !strcmp(personality, "skf"))
		sclp.has_skey = 1;
	else if (personality && strcmp(personality, kshim_arch_personalities[0]))
		return -EINVAL;
	return __kshim_initcall_kvm_s390_init();
}
