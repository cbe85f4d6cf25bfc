/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel/fork.c, which includes this, has the caches of VMAs. */
#ifndef KSHIM_FORM_VMA_INIT_H
#define KSHIM_FORM_VMA_INIT_H

static inline void kshim_vma_caches_init(void)
{
	vm_area_cachep = KMEM_CACHE(vm_area_struct, SLAB_PANIC | SLAB_ACCOUNT);
#ifdef CONFIG_PER_VMA_LOCK
	vma_lock_cachep = KMEM_CACHE(vma_lock, SLAB_PANIC | SLAB_ACCOUNT);
#endif
}

#endif
