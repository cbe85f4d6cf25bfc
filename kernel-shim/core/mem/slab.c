// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab objects: allocation, free, and the detection of overflows, use after free, double and bad frees (mm/slub.c with
 * slab_debug=FZPU in the kernel).
 *
 * Invariants (kshim_slab_validate): red zones hold KSHIM_REDZONE from the end of what was asked for to the next object;
 * a poisoned object holds KSHIM_FREED; busy counts agree with object states; free lists hold exactly the free objects;
 * slabs with a free object come before full ones. A cache with a constructor or SLAB_TYPESAFE_BY_RCU is never poisoned;
 * the pages of a SLAB_TYPESAFE_BY_RCU cache stay with it until it is destroyed.
 */
#include <linux/debug_locks.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/vmstat.h>
#include "slab.h"

#define MAX_GOOD_ORDER 3U	/* of a slab, unless not even one object fits */

LIST_HEAD(kshim_caches);
struct host_lock kshim_caches_lock;

static size_t slab_record_bytes(const struct kmem_cache *s)
{
	return struct_size_t(struct kshim_slab, obj, s->per_slab);
}

static unsigned long objects_in(const struct kmem_cache *s)
{
	unsigned long bytes = PAGE_SIZE << s->order;

	return bytes < s->lead ? 0 : (bytes - s->lead) / s->stride;
}

/*
 * Prefers small slabs, because everything free in them is compared with the poison after each step, but at least three
 * quarters full.
 */
static bool fits_well(const struct kmem_cache *s)
{
	return objects_in(s) * s->stride >= (PAGE_SIZE << s->order) / 4 * 3;
}

static void choose_order(struct kmem_cache *s)
{
	while (!fits_well(s) && s->order < MAX_GOOD_ORDER)
		s->order++;
	while (!objects_in(s) && s->order <= MAX_PAGE_ORDER)
		s->order++;
}

int kshim_cache_init(struct kmem_cache *s, const char *name, u32 size, u32 align, slab_flags_t flags,
		     void (*ctor)(void *))
{
	s->name = name;
	s->flags = flags;
	s->ctor = ctor;
	s->object_size = size;
	s->align = max(align, 8U);
	s->lead = max(s->align, KSHIM_SLAB_RED);
	s->stride = ALIGN(size + KSHIM_SLAB_RED, s->align);
	s->poison = !ctor && !(flags & SLAB_TYPESAFE_BY_RCU);
	choose_order(s);
	if (s->order > MAX_PAGE_ORDER)
		return -EINVAL;
	s->per_slab = objects_in(s);
	BUG_ON(s->per_slab >= KSHIM_NO_OBJECT);
	INIT_LIST_HEAD(&s->slabs);
	kshim_track_pool_create(s);
	host_lock(&kshim_caches_lock);
	list_add_tail(&s->node, &kshim_caches);
	host_unlock(&kshim_caches_lock);
	return 0;
}

static void account_slab_pages(struct kmem_cache *s, struct page *page, long sign)
{
	mod_node_page_state(page_pgdat(page),
			    s->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE_B : NR_SLAB_UNRECLAIMABLE_B,
			    sign * (long)(PAGE_SIZE << s->order));
}

static struct kshim_slab *new_slab(struct kmem_cache *s, gfp_t gfp, const void *ip)
{
	struct kshim_slab *slab;
	struct page *page;
	unsigned int i;

	gfp = (gfp & ~(__GFP_ZERO | __GFP_HIGHMEM | __GFP_MOVABLE)) | __GFP_COMP;
	if (s->flags & SLAB_CACHE_DMA32)
		gfp |= __GFP_DMA32;
	page = kshim_get_pages(gfp, s->order, ip);
	if (!page)
		return NULL;
	slab = kshim_meta_alloc(slab_record_bytes(s));
	slab->cache = s;
	slab->base = page_address(page);
	INIT_LIST_HEAD(&slab->changed);
	for (i = 0; i < 1U << s->order; i++) {
		kshim_info_of(slab->base + i * PAGE_SIZE)->state = KSHIM_PAGE_IS_SLAB;
		kshim_info_of(slab->base + i * PAGE_SIZE)->slab = slab;
	}
	__folio_set_slab(page_folio(page));
	account_slab_pages(s, page, 1);

	kshim_track_open(slab->base, PAGE_SIZE << s->order);
	memset(slab->base, KSHIM_REDZONE, PAGE_SIZE << s->order);
	for (i = 0; i < s->per_slab; i++) {
		void *p = kshim_object_at(slab, i);

		slab->obj[i].next = i + 1 < s->per_slab ? i + 1 : KSHIM_NO_OBJECT;
		slab->obj[i].poisoned = s->poison;
		memset(p, s->poison ? KSHIM_FREED : s->ctor ? 0 : KSHIM_FRESH, s->object_size);
		if (s->ctor)
			s->ctor(p);
	}
	kshim_track_close(slab->base, s->lead);
	for (i = 0; i < s->per_slab; i++) {
		void *p = kshim_object_at(slab, i), *end = p + s->object_size;
		void *next = i + 1 < s->per_slab ? p + s->stride : slab->base + (PAGE_SIZE << s->order);

		if (s->poison)
			kshim_track_close(p, next - p);
		else
			kshim_track_close(end, next - end);
	}
	return slab;
}

static void free_slab(struct kshim_slab *slab)
{
	struct kmem_cache *s = slab->cache;
	struct page *page = virt_to_page(slab->base);
	unsigned int i;

	kshim_slab_gone(slab);
	__folio_clear_slab(page_folio(page));
	account_slab_pages(s, page, -1);
	for (i = 0; i < 1U << s->order; i++)
		kshim_info_of(slab->base + i * PAGE_SIZE)->state = KSHIM_PAGE_IS_USED;
	kshim_meta_free(slab, slab_record_bytes(s));
	set_page_count(page, 0);
	kshim_free_page(page, s->order, __builtin_return_address(0));
}

/* Returns the first byte after the object's red zone: the next object, or the end of the slab. */
static void *red_end(const struct kshim_slab *slab, unsigned int i)
{
	if (i + 1 < slab->cache->per_slab)
		return kshim_object_at(slab, i + 1);
	return slab->base + (PAGE_SIZE << slab->cache->order);
}

/* Checks the red zone p..end beside object i and repairs it. Returns the number of problems. */
static int check_red(const struct kshim_slab *slab, unsigned int i, void *p, void *end)
{
	const struct kshim_object *o = &slab->obj[i];
	const u8 *bad;

	bad = kshim_find_other(p, KSHIM_REDZONE, end - p);
	if (likely(!bad))
		return 0;
	kshim_out_of_bounds(slab->cache->name, kshim_object_at(slab, i), o->bytes, bad, o->alloc_ip, o->free_ip);
	kshim_track_open(p, end - p);
	memset(p, KSHIM_REDZONE, end - p);
	kshim_track_close(p, end - p);
	return 1;
}

/* Checks that nobody wrote to a freed object and repairs it. Returns the number of problems. */
static int check_poison(const struct kshim_slab *slab, unsigned int i)
{
	const struct kshim_object *o = &slab->obj[i];
	void *p = kshim_object_at(slab, i);
	const u8 *bad = kshim_find_other(p, KSHIM_FREED, slab->cache->object_size);

	if (likely(!bad))
		return 0;
	kshim_mem_problem(o->free_ip, o->alloc_ip,
			  "write after free: offset %ld of the %u bytes of %s at %#lx holds %#x instead of %#x\n"
			  "frames: who freed the object, who had allocated it", (long)(bad - (u8 *)p), o->bytes,
			  slab->cache->name, (unsigned long)p, kshim_peek(bad), KSHIM_FREED);
	kshim_track_open(p, slab->cache->object_size);
	memset(p, KSHIM_FREED, slab->cache->object_size);
	kshim_track_close(p, slab->cache->object_size);
	return 1;
}

static struct kshim_slab *slab_of(const void *p)
{
	const struct kshim_page_info *info;

	if (!kshim_is_ram(p))
		return NULL;
	info = kshim_info_of(p);
	return info->state == KSHIM_PAGE_IS_SLAB ? info->slab : NULL;
}

/* Index of the object that begins at p, or per_slab if none does. */
static unsigned int object_index(const struct kshim_slab *slab, const void *p)
{
	long at = p - slab->base - slab->cache->lead;

	if (at < 0 || at % slab->cache->stride || at / slab->cache->stride >= slab->cache->per_slab)
		return slab->cache->per_slab;
	return at / slab->cache->stride;
}

struct kshim_object *kshim_slab_object(const void *p, struct kshim_slab **slab)
{
	unsigned int i;

	*slab = slab_of(p);
	if (!*slab)
		return NULL;
	i = object_index(*slab, p);
	return i < (*slab)->cache->per_slab && (*slab)->obj[i].state == KSHIM_OBJ_USED ? &(*slab)->obj[i] : NULL;
}

/* Takes a free object, or returns NULL. Called with the lock held. */
static struct kshim_slab *take_free(struct kmem_cache *s, unsigned int *index)
{
	struct kshim_slab *slab = list_first_entry_or_null(&s->slabs, struct kshim_slab, node);

	if (!slab || slab->free == KSHIM_NO_OBJECT)
		return NULL;
	*index = slab->free;
	slab->free = slab->obj[*index].next;
	if (!slab->busy++)
		s->nr_empty--;
	if (slab->free == KSHIM_NO_OBJECT)
		list_move_tail(&slab->node, &s->slabs);
	slab->obj[*index].state = KSHIM_OBJ_USED;
	s->used++;
	return slab;
}

/* Makes the object available again; the lock is held. Returns a slab that the cache no longer wants, or NULL. */
static struct kshim_slab *put_free(struct kmem_cache *s, void *p, u32 keep)
{
	struct kshim_slab *slab = slab_of(p);
	unsigned int i = object_index(slab, p);

	slab->obj[i].state = KSHIM_OBJ_FREE;
	slab->obj[i].next = slab->free;
	slab->free = i;
	list_move(&slab->node, &s->slabs);
	if (--slab->busy)
		return NULL;
	s->nr_empty++;
	if (s->nr_empty <= keep || s->flags & SLAB_TYPESAFE_BY_RCU)
		return NULL;
	list_del(&slab->node);
	s->nr_slabs--;
	s->nr_empty--;
	return slab;
}

void *kshim_slab_alloc(struct kmem_cache *s, gfp_t gfp, size_t bytes, const void *ip)
{
	struct kshim_slab *slab, *fresh;
	struct kshim_object *o;
	unsigned int i = 0;
	void *p;

	might_alloc(gfp);
	if (kshim_should_fail(gfp))
		return NULL;
	host_lock(&s->lock);
	slab = take_free(s, &i);
	while (!slab) {
		host_unlock(&s->lock);
		fresh = new_slab(s, gfp, ip);
		if (!fresh)
			return NULL;
		host_lock(&s->lock);
		list_add(&fresh->node, &s->slabs);
		s->nr_slabs++;
		s->nr_empty++;
		slab = take_free(s, &i);
	}
	host_unlock(&s->lock);

	kshim_slab_changed(slab);
	p = kshim_object_at(slab, i);
	o = &slab->obj[i];
	check_red(slab, i, p + s->object_size, red_end(slab, i));
	if (o->poisoned) {
		check_poison(slab, i);
		kshim_track_open(p, s->object_size);
		memset(p + bytes, KSHIM_REDZONE, s->object_size - bytes);
		memset(p, gfp & __GFP_ZERO ? 0 : KSHIM_FRESH, bytes);
		kshim_track_close(p, s->object_size);
	} else if (gfp & __GFP_ZERO && !s->ctor) {
		memset(p, 0, bytes);
	}
	o->poisoned = 0;
	o->alloc_ip = ip;
	o->free_ip = NULL;
	o->epoch = kshim_mem_epoch;
	o->bytes = bytes;
	kshim_track_object_alloc(s, p, bytes);
	if (gfp & __GFP_ZERO || !s->poison)
		kshim_track_open(p, bytes);
	return p;
}

/* Returns the slab if p is a live object of s (NULL: of any cache); else reports and returns NULL. */
static struct kshim_slab *check_free(struct kmem_cache *s, void *p, const void *ip, unsigned int *index)
{
	struct kshim_slab *slab = slab_of(p);
	const struct kshim_object *o;

	if (!slab) {
		kshim_mem_problem(ip, NULL, "bad free: the pointer is not to a slab object, but %s",
				  kshim_is_ram(p) ? "elsewhere in RAM" : "outside simulated RAM");
		return NULL;
	}
	*index = object_index(slab, p);
	if (*index >= slab->cache->per_slab) {
		kshim_mem_problem(ip, NULL, "bad free: %#lx is not the start of an object of %s", (unsigned long)p,
				  slab->cache->name);
		return NULL;
	}
	o = &slab->obj[*index];
	if (o->state != KSHIM_OBJ_USED) {
		kshim_mem_problem(ip, o->free_ip, "double free: object of %s at %#lx\n"
				  "frames: who frees it now, who did before", slab->cache->name, (unsigned long)p);
		return NULL;
	}
	if (s && slab->cache != s) {
		kshim_mem_problem(ip, o->alloc_ip, "bad free: object of %s at %#lx freed to cache %s\n"
				  "frames: who frees it, who allocated it", slab->cache->name, (unsigned long)p,
				  s->name);
		return NULL;
	}
	return slab;
}

void kshim_slab_free(struct kmem_cache *s, void *p, const void *ip)
{
	struct kshim_slab *slab, *gone = NULL;
	struct kshim_object *o;
	unsigned int i = 0;

	slab = check_free(s, p, ip, &i);
	if (!slab)
		return;
	kshim_slab_changed(slab);
	s = slab->cache;
	o = &slab->obj[i];
	check_red(slab, i, p + o->bytes, red_end(slab, i));
	check_red(slab, i, i ? kshim_object_at(slab, i - 1) + s->object_size : slab->base, p);
	o->free_ip = ip;
	debug_check_no_locks_freed(p, s->object_size);
	if (s->poison) {
		kshim_track_open(p, s->object_size);
		memset(p, KSHIM_FREED, s->object_size);
		o->poisoned = 1;
	}
	if (s->poison)
		kshim_track_object_free(s, p, s->object_size);
	else
		kshim_track_object_keep(s, p, s->object_size);

	host_lock(&s->lock);
	o->state = KSHIM_OBJ_QUARANTINED;
	s->used--;
	if (s->q_count == KSHIM_SLAB_QUARANTINE) {
		gone = put_free(s, s->quarantine[s->q_head], KSHIM_SLAB_KEEP);
		s->q_head = (s->q_head + 1) % KSHIM_SLAB_QUARANTINE;
		s->q_count--;
	}
	s->quarantine[(s->q_head + s->q_count++) % KSHIM_SLAB_QUARANTINE] = p;
	host_unlock(&s->lock);
	if (gone)
		free_slab(gone);
}

void kshim_slab_resize(void *p, size_t bytes)
{
	struct kshim_slab *slab;
	struct kshim_object *o = kshim_slab_object(p, &slab);
	unsigned int i;

	if (!o || o->bytes == bytes)
		return;
	i = o - slab->obj;
	check_red(slab, i, p + o->bytes, red_end(slab, i));
	kshim_track_open(p, slab->cache->object_size);
	if (bytes > o->bytes)
		memset(p + o->bytes, KSHIM_FRESH, bytes - o->bytes);
	memset(p + bytes, KSHIM_REDZONE, slab->cache->object_size - bytes);
	o->bytes = bytes;
	kshim_track_close(p + bytes, red_end(slab, i) - p - bytes);
}

unsigned long kshim_cache_shrink(struct kmem_cache *s, u32 keep)
{
	struct kshim_slab *slab, *next;
	unsigned long pages = 0;
	LIST_HEAD(gone);

	host_lock(&s->lock);
	while (s->q_count) {
		put_free(s, s->quarantine[s->q_head], UINT_MAX);
		s->q_head = (s->q_head + 1) % KSHIM_SLAB_QUARANTINE;
		s->q_count--;
	}
	list_for_each_entry_safe(slab, next, &s->slabs, node) {
		if (slab->busy || s->nr_empty <= keep)
			continue;
		list_move(&slab->node, &gone);
		s->nr_empty--;
		s->nr_slabs--;
	}
	host_unlock(&s->lock);
	list_for_each_entry_safe(slab, next, &gone, node) {
		pages += 1UL << s->order;
		free_slab(slab);
	}
	return pages;
}

unsigned long kshim_slab_reclaim(void)
{
	unsigned long pages = 0;
	struct kmem_cache *s;

	host_lock(&kshim_caches_lock);
	list_for_each_entry(s, &kshim_caches, node)
		if (!(s->flags & SLAB_TYPESAFE_BY_RCU))
			pages += kshim_cache_shrink(s, 0);
	host_unlock(&kshim_caches_lock);
	return pages;
}

/* Most red zones have the smallest size. Returns false if check_red() has to look. */
static __no_sanitize_address bool is_whole(const void *p, const void *end)
{
	const u64 *red = p, want = 0x0101010101010101UL * KSHIM_REDZONE;

	BUILD_BUG_ON(KSHIM_SLAB_RED != 2 * sizeof(*red));
	return end - p == KSHIM_SLAB_RED && !kshim_on_valgrind && red[0] == want && red[1] == want;
}

int kshim_slab_validate_one(struct kshim_slab *slab)
{
	struct kmem_cache *s = slab->cache;
	unsigned int i, busy = 0, listed = 0;
	int n;

	n = check_red(slab, 0, slab->base, slab->base + s->lead);
	for (i = 0; i < s->per_slab; i++) {
		struct kshim_object *o = &slab->obj[i];
		void *p = kshim_object_at(slab, i), *end = red_end(slab, i);

		busy += o->state != KSHIM_OBJ_FREE;
		if (o->poisoned)
			n += check_poison(slab, i);
		p += o->state == KSHIM_OBJ_USED ? o->bytes : s->object_size;
		if (!is_whole(p, end))
			n += check_red(slab, i, p, end);
	}
	for (i = slab->free; i != KSHIM_NO_OBJECT && listed <= s->per_slab; i = slab->obj[i].next)
		listed++;
	if (busy != slab->busy || busy + listed != s->per_slab) {
		kshim_mem_problem(NULL, NULL, "slab of %s at %#lx: %u objects in use, %u counted, %u listed as free",
				  s->name, (unsigned long)slab->base, busy, slab->busy, listed);
		n++;
	}
	return n;
}

int kshim_slab_validate(void)
{
	struct kshim_slab *slab;
	struct kmem_cache *s;
	bool full;
	int n = 0;

	list_for_each_entry(s, &kshim_caches, node) {
		full = false;
		list_for_each_entry(slab, &s->slabs, node) {
			n += kshim_slab_validate_one(slab);
			if (full && slab->free != KSHIM_NO_OBJECT) {
				kshim_mem_problem(NULL, NULL, "cache %s: a slab with free objects after a full one",
						  s->name);
				n++;
			}
			full |= slab->free == KSHIM_NO_OBJECT;
		}
	}
	return n;
}
