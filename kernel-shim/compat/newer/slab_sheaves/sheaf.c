// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sheaves: objects of a cache that somebody has set aside, so that later allocations cannot fail (mm/slub.c).
 *
 * The kernel fills a sheaf up and keeps it for the next user. Here it has what was asked for and no more, so that who
 * takes one object too many gets none.
 *
 * Invariant: size <= capacity, and the objects of a sheaf are allocated ones of its cache.
 */
#include <linux/slab.h>
#include <kshim/marks.h>

#define SHEAF_CAPACITY 64U

struct slab_sheaf {
	unsigned int size, capacity;
	void *objects[];
};

static bool fill(struct kmem_cache *s, gfp_t gfp, struct slab_sheaf *sheaf, unsigned int size)
{
	for (; sheaf->size < size; sheaf->size++) {
		sheaf->objects[sheaf->size] = kmem_cache_alloc_noprof(s, gfp);
		if (!sheaf->objects[sheaf->size])
			return false;
	}
	return true;
}

FAITHFUL(kmem_cache_prefill_sheaf, "mm/slub.c");
struct slab_sheaf *kmem_cache_prefill_sheaf(struct kmem_cache *s, gfp_t gfp, unsigned int size)
{
	unsigned int capacity = max(size, SHEAF_CAPACITY);
	struct slab_sheaf *sheaf;

	if (!size)
		return NULL;
	sheaf = kmalloc(struct_size(sheaf, objects, capacity), gfp & ~__GFP_ACCOUNT);
	if (!sheaf)
		return NULL;
	sheaf->size = 0;
	sheaf->capacity = capacity;
	if (fill(s, gfp, sheaf, size))
		return sheaf;
	kmem_cache_return_sheaf(s, gfp, sheaf);
	return NULL;
}

FAITHFUL(kmem_cache_refill_sheaf, "mm/slub.c");
int kmem_cache_refill_sheaf(struct kmem_cache *s, gfp_t gfp, struct slab_sheaf **sheafp, unsigned int size)
{
	struct slab_sheaf *sheaf;

	if (!sheafp || !*sheafp)
		return -EINVAL;
	if (size <= (*sheafp)->capacity)
		return fill(s, gfp, *sheafp, size) ? 0 : -ENOMEM;
	sheaf = kmem_cache_prefill_sheaf(s, gfp, size);
	if (!sheaf)
		return -ENOMEM;
	kmem_cache_return_sheaf(s, gfp, *sheafp);
	*sheafp = sheaf;
	return 0;
}

FAITHFUL(kmem_cache_return_sheaf, "mm/slub.c");
void kmem_cache_return_sheaf(struct kmem_cache *s, gfp_t gfp, struct slab_sheaf *sheaf)
{
	while (sheaf->size)
		kmem_cache_free(s, sheaf->objects[--sheaf->size]);
	kfree(sheaf);
}

FAITHFUL(kmem_cache_alloc_from_sheaf_noprof, "mm/slub.c");
void *kmem_cache_alloc_from_sheaf_noprof(struct kmem_cache *s, gfp_t gfp, struct slab_sheaf *sheaf)
{
	void *object = sheaf->size ? sheaf->objects[--sheaf->size] : NULL;

	if (object && gfp & __GFP_ZERO)
		memset(object, 0, kmem_cache_size(s));
	return object;
}

FAITHFUL(kmem_cache_sheaf_size, "mm/slub.c");
unsigned int kmem_cache_sheaf_size(struct slab_sheaf *sheaf)
{
	return sheaf->size;
}
