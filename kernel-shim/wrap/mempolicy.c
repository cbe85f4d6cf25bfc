// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm/mempolicy.c, whose allocations tell the page allocator who asked for them, with its system calls, and what becomes
 * of a task's policy when tasks come (kernel/fork.c). Nothing without CONFIG_NUMA.
 *
 * The functions that allocate have other names in mm/mempolicy.c here. Those with the kernel's names note their caller
 * and call them; without that, every page would have been allocated by alloc_pages_mpol().
 */
#include <linux/kconfig.h>
#ifdef CONFIG_NUMA

#define alloc_pages_noprof		mpol_alloc_pages
#define alloc_frozen_pages_noprof	mpol_alloc_frozen_pages
#define folio_alloc_noprof		mpol_folio_alloc
#define folio_alloc_mpol_noprof		mpol_folio_alloc_mpol
#define vma_alloc_folio_noprof		mpol_vma_alloc_folio
#include "mm/mempolicy.c"
#undef alloc_pages_noprof
#undef alloc_frozen_pages_noprof
#undef folio_alloc_noprof
#undef folio_alloc_mpol_noprof
#undef vma_alloc_folio_noprof

#include <kshim/marks.h>
#include "wrap.h"

/* Who called, of the outermost such call on this CPU: an interrupt may come while one is under way. */
static DEFINE_PER_CPU(const void *, caller);

#define CALL(fn, ip) ({								\
	const void *outer__ = raw_cpu_read(caller);				\
	typeof(fn) ret__;							\
										\
	raw_cpu_write(caller, (ip));						\
	ret__ = fn;								\
	raw_cpu_write(caller, outer__);						\
	ret__;									\
})
#define CALLER __builtin_return_address(0)

const void *kshim_policy_caller(const void *ip)
{
	return raw_cpu_read(caller) ?: ip;
}

struct page *alloc_pages_noprof(gfp_t gfp, unsigned int order)
{
	return CALL(mpol_alloc_pages(gfp, order), CALLER);
}

struct page *alloc_frozen_pages_noprof(gfp_t gfp, unsigned int order)
{
	return CALL(mpol_alloc_frozen_pages(gfp, order), CALLER);
}

struct folio *folio_alloc_noprof(gfp_t gfp, unsigned int order)
{
	return CALL(mpol_folio_alloc(gfp, order), CALLER);
}

struct folio *folio_alloc_mpol_noprof(gfp_t gfp, unsigned int order, struct mempolicy *mpol, pgoff_t ilx, int nid)
{
	return CALL(mpol_folio_alloc_mpol(gfp, order, mpol, ilx, nid), CALLER);
}

struct folio *vma_alloc_folio_noprof(gfp_t gfp, int order, struct vm_area_struct *vma, unsigned long addr)
{
	return CALL(mpol_vma_alloc_folio(gfp, order, vma, addr), CALLER);
}

struct page *kshim_policy_alloc(gfp_t gfp, unsigned int order, const void *ip)
{
	return CALL(mpol_alloc_pages(gfp, order), ip);
}

struct mempolicy *kshim_policy_copy(void)
{
	return mpol_dup(current->mempolicy);
}

void kshim_policy_put(struct mempolicy *policy)
{
	mpol_put(policy);
}

int kshim_policy_give(struct task_struct *t, struct mempolicy *policy)
{
	t->mempolicy = mpol_dup(policy);
	if (!IS_ERR(t->mempolicy))
		return 0;
	t->mempolicy = NULL;
	return -ENOMEM;
}

long kshim_sys_mbind(unsigned long addr, unsigned long len, unsigned long mode, unsigned long mask,
		     unsigned long maxnode, unsigned int flags)
{
	return kernel_mbind(addr, len, mode, (const unsigned long __user *)mask, maxnode, flags);
}

long kshim_sys_set_mempolicy(int mode, unsigned long mask, unsigned long maxnode)
{
	return kernel_set_mempolicy(mode, (const unsigned long __user *)mask, maxnode);
}

long kshim_sys_get_mempolicy(unsigned long mode, unsigned long mask, unsigned long maxnode, unsigned long addr,
			     unsigned long flags)
{
	return kernel_get_mempolicy((int __user *)mode, (unsigned long __user *)mask, maxnode, addr, flags);
}

long kshim_sys_set_home_node(unsigned long addr, unsigned long len, unsigned long node, unsigned long flags)
{
	return __do_sys_set_mempolicy_home_node(addr, len, node, flags);
}

#endif
