// SPDX-License-Identifier: GPL-2.0-only
/* What all allocators of simulated memory share: boot, records, snapshots, leak reports, forced failures, counts. */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kshim/checks.h>
#include "mem_internal.h"

struct kshim_mem_counts kshim_mem_counts;
u32 kshim_mem_epoch = 1;
long kshim_fail_alloc;	/* below 0: all allocations fail */

/* Records: a bump allocator with one free list per power of two, 32 bytes to 1 MiB. Its mapping doubles when full. */
#define META_MIN_SHIFT	5
#define META_MAX_SHIFT	20
static struct host_lock meta_lock;
static void *meta_free[META_MAX_SHIFT + 1];
static unsigned long meta_top, meta_mapped;

int kshim_mem_boot(uint64_t ram_bytes, unsigned int nr_cpus)
{
	if (ram_bytes < SZ_64M || ram_bytes > KSHIM_RAM_MAX || ram_bytes % SZ_4M || !nr_cpus ||
	    nr_cpus > KVMSIM_MAX_CPUS)
		return -EINVAL;
	host_track_init();
	kshim_percpu_boot(nr_cpus);
	kshim_pages_boot(ram_bytes);
	kshim_slab_boot();
	return 0;
}

static unsigned int meta_shift(size_t bytes)
{
	unsigned int shift = max_t(unsigned int, META_MIN_SHIFT, order_base_2(bytes));

	BUG_ON(shift > META_MAX_SHIFT);
	return shift;
}

void *kshim_meta_alloc(size_t bytes)
{
	unsigned int shift = meta_shift(bytes);
	void *p;

	host_lock(&meta_lock);
	p = meta_free[shift];
	if (p) {
		meta_free[shift] = *(void **)p;
	} else {
		p = (void *)KSHIM_META_BASE + meta_top;
		meta_top += 1UL << shift;
		while (meta_top > meta_mapped) {
			unsigned long more = meta_mapped ?: SZ_4M;

			BUG_ON(meta_mapped + more > KSHIM_META_SIZE);
			host_map(KSHIM_META_BASE + meta_mapped, more);
			meta_mapped += more;
		}
	}
	host_unlock(&meta_lock);
	return memset(p, 0, bytes);
}

void kshim_meta_free(void *p, size_t bytes)
{
	unsigned int shift = meta_shift(bytes);

	host_lock(&meta_lock);
	*(void **)p = meta_free[shift];
	meta_free[shift] = p;
	host_unlock(&meta_lock);
}

/* From this many bytes on, a call of the host's vector code pays off. */
#define LONG_RANGE 64

static __no_sanitize_address const u8 *find_other(const u8 *b, u8 c, size_t n)
{
	const u8 *end = b + n;
	u64 want = 0x0101010101010101UL * c;

	for (; b < end && (unsigned long)b % 8; b++)
		if (*b != c)
			return b;
	for (; b + 32 <= end; b += 32) {
		const u64 *w = (const u64 *)b;

		if ((w[0] ^ want) | (w[1] ^ want) | (w[2] ^ want) | (w[3] ^ want))
			break;
	}
	while (b + 8 <= end && *(const u64 *)b == want)
		b += 8;
	for (; b < end; b++)
		if (*b != c)
			return b;
	return NULL;
}

const u8 *kshim_find_other(const void *p, u8 c, size_t n)
{
	const u8 *bad;

	if (!kshim_on_valgrind)
		return n >= LONG_RANGE && host_all_equal(p, c, n) ? NULL : find_other(p, c, n);
	host_track_quiet(true);
	bad = find_other(p, c, n);
	host_track_quiet(false);
	return bad;
}

__no_sanitize_address u8 kshim_peek(const u8 *p)
{
	u8 c;

	host_track_quiet(true);
	c = READ_ONCE(*p);
	host_track_quiet(false);
	return c;
}

void kshim_out_of_bounds(const char *name, const void *object, unsigned long bytes, const u8 *bad, const void *alloc_ip,
			 const void *free_ip)
{
	kshim_mem_problem(alloc_ip, free_ip,
			  "out-of-bounds write: offset %ld of the %lu bytes of %s at %#lx holds %#x instead of %#x\n"
			  "frames: who allocated it, who freed it last", (long)(bad - (const u8 *)object), bytes, name,
			  (unsigned long)object, kshim_peek(bad), KSHIM_REDZONE);
}

bool kshim_should_fail(gfp_t gfp)
{
	long n = READ_ONCE(kshim_fail_alloc);

	if (likely(!n) || gfp & __GFP_NOFAIL)
		return false;
	while (n > 0 && !__atomic_compare_exchange_n(&kshim_fail_alloc, &n, n - 1, true, __ATOMIC_RELAXED,
						     __ATOMIC_RELAXED))
		;
	return n < 0 || n == 1;
}

int kshim_mem_validate(void)
{
	kshim_changed_forget();
	return kshim_pages_validate() + kshim_slab_validate() + kshim_vmalloc_validate() + kshim_percpu_validate();
}

void kshim_mem_take_snapshot(struct kshim_mem_snapshot *s)
{
	kshim_nodes_prepare();
	s->epoch = ++kshim_mem_epoch;
}

/* One line of a leak report. Lines are in the order in which the allocators are walked, which is by address. */
struct leak_group {
	struct leak_group *next;
	const char *name;
	const void *ip, *first;
	unsigned long objects, bytes;
};

struct kshim_leaks {
	struct leak_group *head, **tail;
};

void kshim_leak_add(struct kshim_leaks *l, const char *name, const void *ip, unsigned long bytes, const void *p)
{
	struct leak_group *g;

	for (g = l->head; g; g = g->next)
		if (g->ip == ip && !strcmp(g->name, name))
			goto found;
	g = kshim_meta_alloc(sizeof(*g));
	g->name = name;
	g->ip = ip;
	g->first = p;
	*l->tail = g;
	l->tail = &g->next;
found:
	g->objects++;
	g->bytes += bytes;
}

void kshim_about_frame(unsigned long pfn)
{
	host_about_count("the references of the frame",
			 (const u32 *)&compound_head(pfn_to_page(pfn))->_refcount.counter);
}

int kshim_mem_leaks(const struct kshim_mem_snapshot *s)
{
	struct kshim_leaks l = { .tail = &l.head };
	struct leak_group *g, *next;
	int n = 0;

	kshim_keep_error_records();
	kshim_slab_leaks(&l, s->epoch);
	kshim_pages_leaks(&l, s->epoch);
	kshim_vmalloc_leaks(&l, s->epoch);
	kshim_percpu_leaks(&l, s->epoch);
	for (g = l.head; g; g = next) {
		const void *const frames[1] = { g->ip };

		if (!strcmp(g->name, KSHIM_LEAKED_PAGE))
			kshim_about_frame(page_to_pfn(virt_to_page(g->first)));
		host_report_frames(KVMSIM_LEAK, frames, 1, "leak: %lu x %s, %lu bytes, the first at %#lx",
				   g->objects, g->name, g->bytes, (unsigned long)g->first);
		n += g->objects;
		next = g->next;
		kshim_meta_free(g, sizeof(*g));
	}
	return n;
}
