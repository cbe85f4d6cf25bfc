// SPDX-License-Identifier: GPL-2.0-only
/* Calls of mm/slub.c and mm/vmalloc.c whose arguments later kernels changed. */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <kshim/marks.h>
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

FAITHFUL(kmem_cache_alloc_bulk_noprof, "mm/slub.c");
int kmem_cache_alloc_bulk_noprof(struct kmem_cache *s, gfp_t gfp, size_t size, void **p)
{
	return kshim_slab_alloc_bulk(s, gfp, size, p, CALLER) ? size : 0;
}

FAITHFUL(krealloc_noprof, "mm/slab_common.c mm/slab_common.c:__do_krealloc");
void *krealloc_noprof(const void *p, size_t new_size, gfp_t gfp)
{
	return kshim_krealloc(p, new_size, gfp, CALLER);
}

REDUCED(vrealloc_noprof, "mm/vmalloc.c", "always moves when the size changes");
void *vrealloc_noprof(const void *p, size_t size, gfp_t gfp)
{
	return kshim_vrealloc(p, size, gfp, CALLER);
}
