// SPDX-License-Identifier: GPL-2.0-only
/* Calls of mm/slub.c and mm/vmalloc.c with their later arguments, and kvmalloc(), which moved to mm/slub.c. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <kshim/marks.h>
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

FAITHFUL(kmem_cache_alloc_bulk_noprof, "mm/slub.c");
bool kmem_cache_alloc_bulk_noprof(struct kmem_cache *s, gfp_t gfp, size_t size, void **p)
{
	return kshim_slab_alloc_bulk(s, gfp, size, p, CALLER);
}

REDUCED(krealloc_node_align_noprof, "mm/slub.c mm/slub.c:__do_krealloc", "an object is moved for its size only");
void *krealloc_node_align_noprof(const void *p, DECL_TOKEN_PARAMS(new_size, token), unsigned long align, gfp_t gfp,
				 int nid)
{
	return kshim_krealloc(p, new_size, gfp, CALLER);
}

REDUCED(vrealloc_node_align_noprof, "mm/vmalloc.c", "always moves when the size changes");
void *vrealloc_node_align_noprof(const void *p, size_t size, unsigned long align, gfp_t gfp, int nid)
{
	return kshim_vrealloc(p, size, gfp, CALLER);
}

REDUCED(__kvmalloc_node_noprof, "mm/slub.c", "what is larger than a page is never from kmalloc()");
void *__kvmalloc_node_noprof(DECL_KMALLOC_PARAMS(size, b, token), unsigned long align, gfp_t gfp, int node)
{
	if (size <= PAGE_SIZE)
		return __kmalloc_node_track_caller_noprof(PASS_KMALLOC_PARAMS(size, b, token), gfp, node, _RET_IP_);
	return __vmalloc_node_range_noprof(size, align, VMALLOC_START, VMALLOC_END, gfp, PAGE_KERNEL,
					   VM_ALLOW_HUGE_VMAP, node, CALLER);
}

FAITHFUL(kvfree_atomic, "mm/slub.c");
void kvfree_atomic(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree_atomic(p);
	else
		kfree(p);
}

FAITHFUL(kvfree, "mm/slub.c");
void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}
