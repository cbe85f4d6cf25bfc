// SPDX-License-Identifier: GPL-2.0-only
/* Sets of caches for kmalloc() (mm/slab_common.c). */
#include <linux/slab.h>
#include <kshim/marks.h>

FAITHFUL(kmem_buckets_create, "mm/slab_common.c");
kmem_buckets *kmem_buckets_create(const char *name, slab_flags_t flags, unsigned int useroffset, unsigned int usersize,
				  void (*ctor)(void *))
{
	BUILD_BUG_ON(IS_ENABLED(CONFIG_SLAB_BUCKETS));
	return ZERO_SIZE_PTR;	/* as with CONFIG_SLAB_BUCKETS off */
}
