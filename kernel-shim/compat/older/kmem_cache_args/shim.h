/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions with one argument for each property created a cache. */
struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset, usersize;
	void (*ctor)(void *object);
};
