/* SPDX-License-Identifier: GPL-2.0-only */
/* A cache was created by functions with one argument for each property. */
struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset, usersize;
	void (*ctor)(void *object);
};
