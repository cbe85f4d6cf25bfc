// SPDX-License-Identifier: GPL-2.0-only
/*
 * virt/kvm/guest_memfd.c with the hook of vendor modules for pages that become the guest's. Kconfig has it only with
 * CONFIG_KVM_AMD_SEV. Ours does nothing, like svm.ko's for a guest that is not encrypted, or fails where a scenario
 * wants that: machine.prepare_errno, if not 0, is what the page machine.prepare_gfn gets.
 */
#include <linux/kconfig.h>
#ifdef CONFIG_KVM_PRIVATE_MEM
#define CONFIG_HAVE_KVM_ARCH_GMEM_PREPARE 1
/* As in the kernel's own files: who edits this one may leave a variable unused. */
#pragma GCC diagnostic push
#pragma GCC diagnostic warning "-Wunused-variable"
#include "virt/kvm/guest_memfd.c"
#pragma GCC diagnostic pop

#include <linux/moduleparam.h>
#include <linux/stat.h>
#include <kshim/marks.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "machine."

static unsigned int prepare_errno;
static unsigned long prepare_gfn;
module_param(prepare_errno, uint, S_IWUSR);
module_param(prepare_gfn, ulong, S_IWUSR);

REDUCED(kvm_arch_gmem_prepare, "arch/x86/kvm/x86.c", "no vendor module is asked; fails where a scenario says so");
int kvm_arch_gmem_prepare(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, int max_order)
{
	return gfn == READ_ONCE(prepare_gfn) ? -(int)READ_ONCE(prepare_errno) : 0;
}
#endif
