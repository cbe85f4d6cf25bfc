/* SPDX-License-Identifier: GPL-2.0-only */
/* kmalloc() had one set of caches, and a cache could be destroyed before kvfree_rcu() had freed its objects. */
#ifndef KSHIM_FORM_KMEM_BUCKETS_H
#define KSHIM_FORM_KMEM_BUCKETS_H

#include <linux/slab.h>

static inline enum kmalloc_cache_type kshim_kmalloc_type(gfp_t gfp)
{
	return kmalloc_type(gfp);
}

/* kmem_cache_destroy() did not wait for them. */
static inline void kshim_wait_for_kvfree(void)
{
}

#endif
