// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of slab sheaves: see tests/unit/test_sheaf.c. */
#include <linux/slab.h>
#include "ktest_sheaf.h"

void *ktest_sheaf_prefill(void *cache, unsigned int size)
{
	return kmem_cache_prefill_sheaf(cache, GFP_KERNEL, size);
}

int ktest_sheaf_refill(void *cache, void **sheaf, unsigned int size)
{
	return kmem_cache_refill_sheaf(cache, GFP_KERNEL, (struct slab_sheaf **)sheaf, size);
}

void ktest_sheaf_return(void *cache, void *sheaf)
{
	kmem_cache_return_sheaf(cache, GFP_KERNEL, sheaf);
}

void *ktest_sheaf_alloc(void *cache, void *sheaf, int zero)
{
	return kmem_cache_alloc_from_sheaf(cache, zero ? GFP_NOWAIT | __GFP_ZERO : GFP_NOWAIT, sheaf);
}

unsigned int ktest_sheaf_size(void *sheaf)
{
	return kmem_cache_sheaf_size(sheaf);
}
