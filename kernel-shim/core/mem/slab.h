/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the object caches: what core/mem/slab.c (objects) and core/mem/slab_cache.c (caches, kmalloc, reports)
 * share.
 *
 * One slab is a compound page; its objects lie at base + lead + i * stride:
 *
 *	| lead: red zone | object 0 | red zone | object 1 | red zone | ...
 *
 * Records about objects are kept outside of simulated RAM, so that no overflow can damage them.
 */
#ifndef KSHIM_CORE_SLAB_H
#define KSHIM_CORE_SLAB_H

#include <linux/list.h>
#include <linux/slab.h>
#include "mem_internal.h"

#define KSHIM_SLAB_RED		16U	/* smallest red zone, bytes */
#define KSHIM_SLAB_QUARANTINE	32U	/* freed objects per cache that are not reused yet */
#define KSHIM_SLAB_KEEP		2U	/* empty slabs that a cache keeps */
#define KSHIM_NO_OBJECT		0xffffU

enum kshim_object_state { KSHIM_OBJ_FREE, KSHIM_OBJ_USED, KSHIM_OBJ_QUARANTINED };

struct kshim_object {
	const void *alloc_ip, *free_ip;
	u32 epoch;
	u32 bytes;		/* the size asked for: <= object_size */
	u16 next;		/* free list; ends with KSHIM_NO_OBJECT */
	u8 state;
	u8 poisoned;		/* holds KSHIM_FREED; such an object is closed for the memory checkers */
};

struct kshim_slab {
	struct kmem_cache *cache;
	struct list_head node;		/* in cache->slabs: those with a free object first */
	struct list_head changed;	/* in changed.c's list, or empty */
	void *base;
	u16 busy;			/* objects used or quarantined */
	u16 free;			/* first free object */
	struct kshim_object obj[];
};

struct kmem_cache {
	struct list_head node;		/* in kshim_caches, in order of creation */
	const char *name;
	slab_flags_t flags;
	void (*ctor)(void *object);
	u32 object_size, align, lead, stride;
	u32 order, per_slab;
	bool poison;			/* freed objects lose their contents */

	/* Guarded by the lock. */
	struct host_lock lock;
	struct list_head slabs;
	u32 nr_slabs, nr_empty;
	unsigned long used;		/* objects */
	void *quarantine[KSHIM_SLAB_QUARANTINE];	/* a ring, oldest at q_head */
	u32 q_head, q_count;
};

extern struct list_head kshim_caches;
extern struct host_lock kshim_caches_lock;

static inline void *kshim_object_at(const struct kshim_slab *slab, unsigned int i)
{
	return slab->base + slab->cache->lead + i * (unsigned long)slab->cache->stride;
}

/*
 * Computes the layout and registers the cache. name must stay valid. 0, or -EINVAL if not even the largest block of
 * pages has room for an object with its red zones.
 */
int kshim_cache_init(struct kmem_cache *s, const char *name, u32 size, u32 align, slab_flags_t flags,
		     void (*ctor)(void *));
/* bytes: the size asked for; the red zone begins there. NULL when out of memory. */
void *kshim_slab_alloc(struct kmem_cache *s, gfp_t gfp, size_t bytes, const void *ip);
/* s: the cache that the caller names, or NULL for kfree(). */
void kshim_slab_free(struct kmem_cache *s, void *p, const void *ip);
/* Changes the requested size of a live object; bytes <= object_size. */
void kshim_slab_resize(void *p, size_t bytes);
/* Returns the live object that begins at p, or NULL. Sets *slab if p lies in a slab. */
struct kshim_object *kshim_slab_object(const void *p, struct kshim_slab **slab);
/* Empties the quarantine and frees all empty slabs except keep of them. Returns the number of pages freed. */
unsigned long kshim_cache_shrink(struct kmem_cache *s, u32 keep);

/* Checks the invariants of one slab. Returns the number of problems. */
int kshim_slab_validate_one(struct kshim_slab *slab);

/* --- changed.c --- */
/* An object of the slab was allocated or freed. */
void kshim_slab_changed(struct kshim_slab *slab);
/* The slab is about to go. */
void kshim_slab_gone(struct kshim_slab *slab);

/* slab.c: frees empty slabs and quarantined objects. Returns the number of pages freed. */
unsigned long kshim_slab_reclaim(void);

#endif
