// SPDX-License-Identifier: GPL-2.0-only
/* Calls of mm/page_alloc.c whose arguments or names later kernels changed. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <kshim/form/page_alloc_header.h>
#include "../../../core/mem/mem_internal.h"

#define CALLER __builtin_return_address(0)

REDUCED(__alloc_pages_noprof, "mm/page_alloc.c mm/page_alloc.c:__alloc_pages_slowpath",
	"no reclaim, compaction or OOM killer: fails when no block is left above the watermark");
struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int preferred_nid, nodemask_t *nodemask)
{
	return kshim_alloc_pages_node(gfp, order, preferred_nid, nodemask, CALLER);
}
