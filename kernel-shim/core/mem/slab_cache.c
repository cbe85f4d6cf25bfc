// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's slab calls on top of core/mem/slab.c: caches, kmalloc, krealloc (mm/slab_common.c, mm/slub.c). */
#include <linux/kernel.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <kshim/form/kmem_buckets.h>
#include "../../wrap/wrap.h"
#include "slab.h"

#define CALLER __builtin_return_address(0)

FAITHFUL(kmalloc_caches, "mm/slab_common.c");
struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];

/* --- caches --- */

static const char *copy_name(const char *name)
{
	size_t n = strlen(name) + 1;

	return memcpy(kshim_meta_alloc(n), name, n);
}

static void free_cache(struct kmem_cache *s)
{
	kshim_meta_free((void *)s->name, strlen(s->name) + 1);
	kshim_meta_free(s, sizeof(*s));
}

static bool name_taken(const char *name)
{
	struct kmem_cache *s;
	bool taken = false;

	host_lock(&kshim_caches_lock);
	list_for_each_entry(s, &kshim_caches, node)
		taken |= !strcmp(s->name, name);
	host_unlock(&kshim_caches_lock);
	return taken;
}

/* calculate_alignment(): objects of at least half a cache line get cache-line alignment. */
static u32 cache_align(slab_flags_t flags, u32 align, u32 size)
{
	u32 line = cache_line_size();

	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return ALIGN(max_t(u32, align, arch_slab_minalign()), sizeof(void *));
}

REDUCED(__kmem_cache_create_args, "mm/slab_common.c",
	"caches are never merged; objects are always checked as with slab_debug=FZPU");
struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int object_size, struct kmem_cache_args *args,
					    slab_flags_t flags)
{
	struct kmem_cache *s;
	int ret;

	if (!name || object_size > KMALLOC_MAX_SIZE || !object_size) {
		if (flags & SLAB_PANIC)
			panic("kmem_cache_create(%s): bad size %u\n", name, object_size);
		pr_err("kmem_cache_create(%s) integrity check failed\n", name);
		return NULL;
	}
	WARN(name_taken(name), "kmem_cache of name '%s' already exists\n", name);
	WARN_ON(strchr(name, ' '));
	s = kshim_meta_alloc(sizeof(*s));
	ret = kshim_cache_init(s, copy_name(name), object_size, cache_align(flags, args->align, object_size), flags,
			       args->ctor);
	if (!ret)
		return s;
	free_cache(s);
	if (flags & SLAB_PANIC)
		panic("kmem_cache_create(%s): error %d\n", name, ret);
	pr_warn("kmem_cache_create(%s): error %d\n", name, ret);
	dump_stack();
	return NULL;
}

/* Reports the objects that are left; returns how many. */
static unsigned long report_left(struct kmem_cache *s, const void *ip)
{
	struct kshim_slab *slab;
	unsigned long n = 0;
	unsigned int i;

	list_for_each_entry(slab, &s->slabs, node)
		for (i = 0; i < s->per_slab; i++)
			if (slab->obj[i].state == KSHIM_OBJ_USED) {
				const void *const frames[2] = { slab->obj[i].alloc_ip, ip };

				n++;
				host_report_frames(KVMSIM_LEAK, frames, 2,
						   "kmem_cache_destroy: %s still has an object at %#lx\n"
						   "frames: who allocated it, who destroys the cache", s->name,
						   (unsigned long)kshim_object_at(slab, i));
			}
	return n;
}

FAITHFUL(kmem_cache_destroy, "mm/slab_common.c");
void kmem_cache_destroy(struct kmem_cache *s)
{
	if (!s)
		return;
	kshim_wait_for_kvfree();
	if (s->flags & SLAB_TYPESAFE_BY_RCU)
		rcu_barrier();
	kshim_cache_shrink(s, 0);
	if (report_left(s, CALLER))
		return;
	host_lock(&kshim_caches_lock);
	list_del(&s->node);
	host_unlock(&kshim_caches_lock);
	kshim_track_pool_destroy(s);
	free_cache(s);
}

FAITHFUL(kmem_cache_shrink, "mm/slab_common.c");
int kmem_cache_shrink(struct kmem_cache *s)
{
	if (!(s->flags & SLAB_TYPESAFE_BY_RCU))
		kshim_cache_shrink(s, 0);
	return s->nr_slabs != 0;
}

FAITHFUL(kmem_cache_size, "mm/slab_common.c");
unsigned int kmem_cache_size(struct kmem_cache *s)
{
	return s->object_size;
}

FAITHFUL(slab_is_available, "mm/slab_common.c");
bool slab_is_available(void)
{
	return kmalloc_caches[KMALLOC_NORMAL][KMALLOC_SHIFT_LOW] != NULL;
}

INERT(kmem_cache_charge, "mm/slub.c", "there is no memory cgroup");
bool kmem_cache_charge(void *objp, gfp_t gfp)
{
	return true;
}

/* --- objects of a cache --- */

FAITHFUL(kmem_cache_alloc_noprof, "mm/slub.c mm/slub.c:slab_alloc_node");
void *kmem_cache_alloc_noprof(struct kmem_cache *s, gfp_t gfp)
{
	return kshim_slab_alloc(s, gfp, s->object_size, CALLER);
}

FAITHFUL(kmem_cache_alloc_lru_noprof, "mm/slub.c");
void *kmem_cache_alloc_lru_noprof(struct kmem_cache *s, struct list_lru *lru, gfp_t gfp)
{
	return kshim_slab_alloc(s, gfp, s->object_size, CALLER);
}

FAITHFUL(kmem_cache_alloc_node_noprof, "mm/slub.c");
void *kmem_cache_alloc_node_noprof(struct kmem_cache *s, gfp_t gfp, int node)
{
	return kshim_slab_alloc(s, gfp, s->object_size, CALLER);
}

bool kshim_slab_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t size, void **p, const void *ip)
{
	size_t i;

	for (i = 0; i < size; i++) {
		p[i] = kshim_slab_alloc(s, gfp, s->object_size, ip);
		if (!p[i])
			break;
	}
	if (i == size)
		return true;
	while (i)
		kshim_slab_free(s, p[--i], ip);
	return false;
}

FAITHFUL(kmem_cache_free, "mm/slub.c mm/slub.c:slab_free");
void kmem_cache_free(struct kmem_cache *s, void *objp)
{
	kshim_slab_free(s, objp, CALLER);
}

FAITHFUL(kmem_cache_free_bulk, "mm/slub.c");
void kmem_cache_free_bulk(struct kmem_cache *s, size_t size, void **p)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (s)
			kshim_slab_free(s, p[i], CALLER);
		else
			kfree(p[i]);
}

/* --- kmalloc --- */

void kshim_slab_boot(void)
{
	static const char *const prefix[NR_KMALLOC_TYPES] = {
		[KMALLOC_NORMAL] = "kmalloc-",
		[KMALLOC_RECLAIM] = "kmalloc-rcl-",
	};
	char name[32];
	unsigned int type, i;

	for (type = 0; type < NR_KMALLOC_TYPES; type++)
		for (i = 1; i <= KMALLOC_SHIFT_HIGH; i++) {
			u32 size = i == 1 ? 96 : i == 2 ? 192 : 1U << i;
			struct kmem_cache *s = kshim_meta_alloc(sizeof(*s));

			snprintf(name, sizeof(name), "%s%u", prefix[type] ?: "kmalloc-other-", size);
			BUG_ON(kshim_cache_init(s, copy_name(name), size, size & -size, SLAB_KMALLOC |
						(type == KMALLOC_RECLAIM ? SLAB_RECLAIM_ACCOUNT : 0), NULL));
			kmalloc_caches[type][i] = s;
		}
	kshim_set_reclaim(kshim_slab_reclaim);
}

static struct kmem_cache *kmalloc_cache(size_t size, gfp_t gfp)
{
	return kmalloc_caches[kshim_kmalloc_type(gfp)][__kmalloc_index(size, false)];
}

/* For sizes that are too big for a cache: pages, with a red zone up to their end. */
static void *alloc_large(size_t size, gfp_t gfp, const void *ip)
{
	unsigned int order = get_order(size);
	struct kshim_page_info *info;
	struct page *page;
	unsigned int i;
	void *p;

	page = kshim_policy_alloc((gfp & ~__GFP_HIGHMEM) | __GFP_COMP, order, ip);
	if (!page)
		return NULL;
	p = page_address(page);
	info = kshim_info_of(p);
	info->state = KSHIM_PAGE_IS_LARGE;
	info->bytes = size;
	for (i = 1; i < 1U << order; i++)
		info[i].state = KSHIM_PAGE_IS_TAIL;
	memset(p + size, KSHIM_REDZONE, (PAGE_SIZE << order) - size);
	kshim_track_close(p + size, (PAGE_SIZE << order) - size);
	mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE_B, PAGE_SIZE << order);
	return p;
}

static void check_large(const void *p, const struct kshim_page_info *info)
{
	unsigned long room = page_size(virt_to_page(p)) - info->bytes;
	const u8 *bad;

	bad = kshim_find_other(p + info->bytes, KSHIM_REDZONE, room);
	if (bad)
		kshim_out_of_bounds("large kmalloc", p, info->bytes, bad, info->alloc_ip, NULL);
}

static void free_large(void *p, struct kshim_page_info *info, const void *ip)
{
	struct page *page = virt_to_page(p);
	unsigned int order = compound_order(page);

	check_large(p, info);
	mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE_B, -(long)(PAGE_SIZE << order));
	info->state = KSHIM_PAGE_IS_USED;
	info->slab = NULL;
	if (put_page_testzero(page))
		kshim_free_page(page, order, ip);
}

static void *do_kmalloc(size_t size, gfp_t gfp, const void *ip)
{
	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return alloc_large(size, gfp, ip);
	return kshim_slab_alloc(kmalloc_cache(size, gfp), gfp, size, ip);
}

FAITHFUL(__kmalloc_noprof, "mm/slub.c mm/slub.c:__do_kmalloc_node");
void *__kmalloc_noprof(size_t size, gfp_t gfp)
{
	return do_kmalloc(size, gfp, CALLER);
}

FAITHFUL(__kmalloc_node_noprof, "mm/slub.c");
void *__kmalloc_node_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int node)
{
	return do_kmalloc(size, gfp, CALLER);
}

FAITHFUL(__kmalloc_node_track_caller_noprof, "mm/slub.c");
void *__kmalloc_node_track_caller_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int node, unsigned long caller)
{
	return do_kmalloc(size, gfp, (void *)caller);
}

FAITHFUL(__kmalloc_cache_noprof, "mm/slub.c");
void *__kmalloc_cache_noprof(struct kmem_cache *s, gfp_t gfp, size_t size)
{
	return kshim_slab_alloc(s, gfp, size, CALLER);
}

FAITHFUL(__kmalloc_cache_node_noprof, "mm/slub.c");
void *__kmalloc_cache_node_noprof(struct kmem_cache *s, gfp_t gfp, int node, size_t size)
{
	return kshim_slab_alloc(s, gfp, size, CALLER);
}

FAITHFUL(__kmalloc_large_noprof, "mm/slub.c");
void *__kmalloc_large_noprof(size_t size, gfp_t gfp)
{
	return alloc_large(size, gfp, CALLER);
}

FAITHFUL(__kmalloc_large_node_noprof, "mm/slub.c");
void *__kmalloc_large_node_noprof(size_t size, gfp_t gfp, int node)
{
	return alloc_large(size, gfp, CALLER);
}

static void do_kfree(void *p, const void *ip)
{
	struct kshim_page_info *info;

	if (ZERO_OR_NULL_PTR(p))
		return;
	info = kshim_is_ram(p) ? kshim_info_of(p) : NULL;
	if (info && info->state == KSHIM_PAGE_IS_LARGE && !offset_in_page(p))
		free_large(p, info, ip);
	else
		kshim_slab_free(NULL, p, ip);
}

FAITHFUL(kfree, "mm/slub.c mm/slub.c:slab_free");
void kfree(const void *objp)
{
	do_kfree((void *)objp, CALLER);
}

FAITHFUL(__ksize, "mm/slab_common.c");
size_t __ksize(const void *objp)
{
	struct kshim_page_info *info;
	struct kshim_slab *slab;

	if (ZERO_OR_NULL_PTR(objp))
		return 0;
	info = kshim_is_ram(objp) ? kshim_info_of(objp) : NULL;
	if (info && info->state == KSHIM_PAGE_IS_LARGE)
		return page_size(virt_to_page(objp));
	if (!kshim_slab_object(objp, &slab)) {
		kshim_mem_problem(CALLER, NULL, "ksize: %#lx is not a live object", (unsigned long)objp);
		return 0;
	}
	return slab->cache->object_size;
}

/* Bytes asked for of a live kmalloc object; 0 if it is not one. */
static size_t asked_for(const void *p)
{
	struct kshim_object *o;
	struct kshim_slab *slab;

	if (ZERO_OR_NULL_PTR(p) || !kshim_is_ram(p))
		return 0;
	if (kshim_info_of(p)->state == KSHIM_PAGE_IS_LARGE)
		return kshim_info_of(p)->bytes;
	o = kshim_slab_object(p, &slab);
	return o ? o->bytes : 0;
}

static void resize(void *p, size_t size)
{
	struct kshim_page_info *info = kshim_info_of(p);
	unsigned long room;

	if (info->state != KSHIM_PAGE_IS_LARGE) {
		kshim_slab_resize(p, size);
		return;
	}
	check_large(p, info);
	room = page_size(virt_to_page(p));
	kshim_track_open(p, room);
	memset(p + size, KSHIM_REDZONE, room - size);
	info->bytes = size;
	kshim_track_close(p + size, room - size);
}

/* Who asks may use all of what it is told: the red zone moves behind it. */
FAITHFUL(ksize, "mm/slab_common.c");
size_t ksize(const void *objp)
{
	size_t size = __ksize(objp);

	if (size)
		resize((void *)objp, size);
	return size;
}

void *kshim_krealloc(const void *p, size_t new_size, gfp_t gfp, const void *ip)
{
	size_t room, old;
	void *new;

	if (!new_size) {
		do_kfree((void *)p, ip);
		return ZERO_SIZE_PTR;
	}
	old = asked_for(p);
	room = ZERO_OR_NULL_PTR(p) ? 0 : __ksize(p);
	if (room >= new_size) {
		resize((void *)p, new_size);
		if (gfp & __GFP_ZERO && new_size > old)
			memset((void *)p + old, 0, new_size - old);
		return (void *)p;
	}
	new = do_kmalloc(new_size, gfp, ip);
	if (!new || ZERO_OR_NULL_PTR(p))
		return new;
	memcpy(new, p, min(old, new_size));
	do_kfree((void *)p, ip);
	return new;
}

FAITHFUL(kfree_sensitive, "mm/slab_common.c");
void kfree_sensitive(const void *p)
{
	size_t size = asked_for(p);

	if (size)
		memzero_explicit((void *)p, size);
	do_kfree((void *)p, CALLER);
}

FAITHFUL(kmalloc_size_roundup, "mm/slab_common.c");
size_t kmalloc_size_roundup(size_t size)
{
	if (size && size <= KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_cache(size, GFP_KERNEL)->object_size;
	if (size && size <= KMALLOC_MAX_SIZE)
		return PAGE_SIZE << get_order(size);
	return size;
}

/* --- reports --- */

FAITHFUL(kmem_dump_obj, "mm/slab_common.c");
bool kmem_dump_obj(void *object)
{
	struct kshim_slab *slab;
	struct kshim_object *o;

	if (!kshim_is_ram(object))
		return false;
	o = kshim_slab_object(object, &slab);
	if (!slab)
		return false;
	pr_cont(" slab %s size %u", slab->cache->name, slab->cache->object_size);
	if (o)
		pr_cont(" start %px allocated at %pS", object, o->alloc_ip);
	pr_cont("\n");
	return o != NULL;
}

void kshim_slab_leaks(struct kshim_leaks *l, u32 epoch)
{
	struct kshim_slab *slab;
	struct kmem_cache *s;
	unsigned int i;

	list_for_each_entry(s, &kshim_caches, node)
		list_for_each_entry(slab, &s->slabs, node)
			for (i = 0; i < s->per_slab; i++)
				if (slab->obj[i].state == KSHIM_OBJ_USED && slab->obj[i].epoch >= epoch)
					kshim_leak_add(l, s->name, slab->obj[i].alloc_ip, slab->obj[i].bytes,
						       kshim_object_at(slab, i));
}
