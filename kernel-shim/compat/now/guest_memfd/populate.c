// SPDX-License-Identifier: GPL-2.0-only
/* The caller of kvm_gmem_populate(), like snp_launch_update() of arch/x86/kvm/svm/sev.c without the encryption. */
#include <linux/kvm_host.h>
#include <linux/uaccess.h>
#include "form.h"

#ifdef CONFIG_KVM_PRIVATE_MEM
/* sev_gmem_post_populate() */
static int fill(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, void __user *src, int order, void *opaque)
{
	unsigned long bytes = PAGE_SIZE << order;

	if (!src)
		memset(__va(PFN_PHYS(pfn)), 0, bytes);
	else if (copy_from_user(__va(PFN_PHYS(pfn)), src, bytes))
		return -EFAULT;
	return 0;
}

long kshim_gmem_populate(struct kvm *kvm, gfn_t gfn, unsigned long src, long npages)
{
	long ret;

	mutex_lock(&kvm->slots_lock);
	ret = kvm_gmem_populate(kvm, gfn, (void __user *)src, npages, fill, NULL);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}
#endif
