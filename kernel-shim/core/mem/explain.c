// SPDX-License-Identifier: GPL-2.0-only
/* Says what a bad access hit: AddressSanitizer does not know who allocated or freed simulated memory. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include "slab.h"

static void explain_slab(const struct kshim_slab *slab, const void *p)
{
	const struct kmem_cache *s = slab->cache;
	long at = p - slab->base - s->lead;
	unsigned int i = at < 0 ? 0 : min(at / s->stride, s->per_slab - 1L);
	const struct kshim_object *o = &slab->obj[i];
	void *object = kshim_object_at(slab, i);
	long offset = p - object;

	if (o->state != KSHIM_OBJ_USED && offset >= 0 && offset < s->object_size)
		kshim_mem_problem(o->free_ip, o->alloc_ip,
				  "use after free: offset %ld of the %u bytes of %s at %#lx\n"
				  "frames: who freed the object, who had allocated it", offset, o->bytes, s->name,
				  (unsigned long)object);
	else
		kshim_mem_problem(o->alloc_ip, o->free_ip,
				  "out-of-bounds access: offset %ld of the %u bytes of %s at %#lx\n"
				  "frames: who allocated it, who freed it last", offset, o->bytes, s->name,
				  (unsigned long)object);
}

void kshim_mem_explain(const void *p)
{
	const struct kshim_page_info *info;

	if (!kshim_is_ram(p))
		return;
	info = kshim_info_of(p);
	if (info->state == KSHIM_PAGE_IS_SLAB)
		explain_slab(info->slab, p);
	else if (info->state == KSHIM_PAGE_IS_FREE)
		kshim_mem_problem(info->free_ip, info->alloc_ip,
				  "use after free: offset %#lx of page frame %#lx\n"
				  "frames: who freed it, who had allocated it", offset_in_page(p),
				  PHYS_PFN(__pa(p)));
}
