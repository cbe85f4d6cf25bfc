// SPDX-License-Identifier: GPL-2.0-only
/* Loading of KVM: sets machine and module parameters as the personality says, then calls the module's init. */
#include <linux/init.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <kshim/arch.h>
#include <kshim/mem.h>
#include <kshim/form/clear_pages.h>
#include <kshim/form/s390_gmap.h>
#include <kshim/form/s390_machine_flags.h>
#include "internal.h"

/*
 * "skf": with the storage-key facility; SIE then interprets what KVM otherwise emulates. "hpage": guests may have huge
 * pages (kvm.hpage=1), since 7.0 of 2 GiB as well. "vsie": guests may have guests (kvm.nested=1), and huge pages where
 * KVM has both. "old": without all that the kernel does not need to change page tables.
 */
const char *const kshim_arch_personalities[] = { "sie", "skf", "hpage", "vsie", "old", NULL };

static const struct {
	const char *facilities, *parameters;
} machines[] = {
	{ NULL, "" },
	{ "skey=1", "" },
	{ NULL, KSHIM_HPAGE_PARAMETERS },
	{ NULL, KSHIM_NESTED_PARAMETERS },
	{ KSHIM_OLD_MACHINE, "" },
};

/* The module parameters of the linked files; the kernel's own linker script uses these names. */
extern const struct kernel_param __start___param[], __stop___param[];

/* module_init(kvm_s390_init) of arch/s390/kvm/kvm-s390.c, as the shim's linux/init.h exports it. */
extern initcall_t __kshim_initcall_kvm_s390_init;

static int no_such_parameter(char *param, char *val, const char *unused, void *arg)
{
	return -ENOENT;
}

static int set_parameters(const char *parameters)
{
	char args[64];
	char *bad;

	strscpy(args, parameters, sizeof(args));
	bad = parse_args("kvmsim", args, __start___param, __stop___param - __start___param, -1, -1, NULL,
			 no_such_parameter);
	return PTR_ERR_OR_ZERO(bad);
}

int kshim_arch_hugetlb_sizes(void)
{
	kshim_add_gigantic_hstate();
	return 0;
}

int kshim_arch_kvm_load(unsigned int personality, const char *facilities)
{
	int ret = 0;

	if (machines[personality].facilities)
		ret = kshim_change_facilities(machines[personality].facilities);
	if (!ret && facilities)
		ret = kshim_change_facilities(facilities);
	if (!ret)
		ret = kshim_hugetlb_boot();
	if (!ret) {
		kshim_set_gigantic_overcommit();
		ret = set_parameters(machines[personality].parameters);
	}
	return ret ?: __kshim_initcall_kvm_s390_init();
}
