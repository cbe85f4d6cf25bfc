// SPDX-License-Identifier: GPL-2.0-only
/* The functions that create a cache, with one argument for each property (mm/slab_common.c). */
#include <linux/slab.h>
#include <kshim/marks.h>

struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int object_size, struct kmem_cache_args *args,
					    slab_flags_t flags);

REDUCED(kmem_cache_create, "mm/slab_common.c", "like __kmem_cache_create_args");
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *))
{
	struct kmem_cache_args args = { .align = align, .ctor = ctor };

	return __kmem_cache_create_args(name, size, &args, flags);
}

REDUCED(kmem_cache_create_usercopy, "mm/slab_common.c", "like __kmem_cache_create_args");
struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align,
					      slab_flags_t flags, unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *))
{
	struct kmem_cache_args args = {
		.align = align, .useroffset = useroffset, .usersize = usersize, .ctor = ctor,
	};

	return __kmem_cache_create_args(name, size, &args, flags);
}
