/* SPDX-License-Identifier: GPL-2.0-only */
/* kmalloc() has a set of caches for each kind of caller, and kvfree_rcu() a barrier of its own. */
#ifndef KSHIM_FORM_KMEM_BUCKETS_H
#define KSHIM_FORM_KMEM_BUCKETS_H

#include <linux/rcupdate.h>
#include <linux/slab.h>

static inline enum kmalloc_cache_type kshim_kmalloc_type(gfp_t gfp)
{
	return kmalloc_type(gfp, __kmalloc_token(0));
}

/* For kmem_cache_destroy(): waits for the objects that kvfree_rcu() has still to free. */
static inline void kshim_wait_for_kvfree(void)
{
	kvfree_rcu_barrier();
}

#endif
