// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's page allocation calls on top of core/mem/page_alloc.c, watermarks, and fs_reclaim (mm/page_alloc.c). */
#include <linux/memory_hotplug.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/page-isolation.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <kshim/form/folio_batch_free.h>
#include <kshim/form/frozen_pages.h>
#include <kshim/form/page_alloc_header.h>
#include "internal.h"
#include "../../wrap/wrap.h"
#include "mem_internal.h"

#define CALLER __builtin_return_address(0)

unsigned long kshim_alloc_pages_array(gfp_t gfp, int nid, nodemask_t *nodes, int nr_pages, struct page **array,
				      const void *ip)
{
	unsigned long nr = 0;

	for (; nr_pages > 0 && nr < nr_pages; nr++) {
		if (!array[nr])
			array[nr] = kshim_alloc_pages_node(gfp, 0, nid, nodes, ip);
		if (!array[nr])
			break;
	}
	return nr;
}

REDUCED(__folio_alloc_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
struct folio *__folio_alloc_noprof(gfp_t gfp, unsigned int order, int preferred_nid, nodemask_t *nodemask)
{
	struct page *page = kshim_alloc_pages_node(gfp | __GFP_COMP, order, preferred_nid, nodemask, CALLER);

	return page_rmappable_folio(page);
}

REDUCED(get_free_pages_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order)
{
	struct page *page = kshim_policy_alloc(gfp & ~__GFP_HIGHMEM, order, CALLER);

	return page ? (unsigned long)page_address(page) : 0;
}

REDUCED(get_zeroed_page_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
unsigned long get_zeroed_page_noprof(gfp_t gfp)
{
	struct page *page = kshim_policy_alloc((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0, CALLER);

	return page ? (unsigned long)page_address(page) : 0;
}

FAITHFUL(prep_compound_page, "mm/page_alloc.c");
void prep_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	__SetPageHead(page);
	for (i = 1; i < 1UL << order; i++)
		kshim_prep_compound_tail(page, i, order);
	prep_compound_head(page, order);
}

/* Frees the frames of a non-compound block except the first one, to which somebody else holds a reference. */
static void free_pages_ref(struct page *page, unsigned int order, const void *ip)
{
	const struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page));
	bool head = PageHead(page);

	if (unlikely(!page_ref_count(page))) {
		kshim_mem_problem(ip, info->free_ip, "double free: pfn %#lx has no reference\n"
				  "frames: who frees it now, who did before", page_to_pfn(page));
		return;
	}
	if (put_page_testzero(page))
		kshim_free_page(page, order, ip);
	else if (!head)
		while (order-- > 0)
			kshim_free_page(page + (1UL << order), order, ip);
}

FAITHFUL(__free_pages, "mm/page_alloc.c");
void __free_pages(struct page *page, unsigned int order)
{
	free_pages_ref(page, order, CALLER);
}

FAITHFUL(free_pages, "mm/page_alloc.c");
void free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (!kshim_is_ram((void *)addr)) {
		kshim_mem_problem(CALLER, NULL, "free_pages of %#lx, which is not in RAM", addr);
		return;
	}
	free_pages_ref(virt_to_page((void *)addr), order, CALLER);
}

FAITHFUL(split_page, "mm/page_alloc.c");
void split_page(struct page *page, unsigned int order)
{
	unsigned long i;

	VM_BUG_ON_PAGE(PageCompound(page), page);
	VM_BUG_ON_PAGE(!page_count(page), page);
	for (i = 1; i < 1UL << order; i++)
		set_page_refcounted(page + i);
}

REDUCED(alloc_pages_exact_noprof, "mm/page_alloc.c", "like __alloc_pages_noprof");
void *alloc_pages_exact_noprof(size_t size, gfp_t gfp)
{
	const gfp_t unfit = __GFP_COMP | __GFP_HIGHMEM;
	unsigned long i, used = PFN_UP(size);
	unsigned int order = get_order(size);
	struct page *page;

	WARN_ON_ONCE(gfp & unfit);
	page = kshim_policy_alloc(gfp & ~unfit, order, CALLER);
	if (!page)
		return NULL;
	split_page(page, order);
	for (i = used; i < 1UL << order; i++)
		free_pages_ref(page + i, 0, CALLER);
	return page_address(page);
}

FAITHFUL(free_pages_exact, "mm/page_alloc.c");
void free_pages_exact(void *virt, size_t size)
{
	unsigned long i;

	for (i = 0; i < PFN_UP(size); i++)
		free_pages_ref(virt_to_page(virt + i * PAGE_SIZE), 0, CALLER);
}

/* Its definition, for one type of page or another: compat/<form>/buddy_const. */
FAITHFUL(is_free_buddy_page, "mm/page_alloc.c");
bool kshim_page_is_free(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int order;

	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		struct page *head = (struct page *)page - (pfn & ((1UL << order) - 1));

		if (PageBuddy(head) && buddy_order_unsafe(head) >= order)
			return true;
	}
	return false;
}

INERT_VOID(drain_all_pages, "mm/page_alloc.c", "there are no per-cpu page lists");
INERT_VOID(drain_local_pages, "mm/page_alloc.c", "there are no per-cpu page lists");
INERT_VOID(zone_pcp_disable, "mm/page_alloc.c", "there are no per-cpu page lists");
INERT_VOID(zone_pcp_enable, "mm/page_alloc.c", "there are no per-cpu page lists");

REDUCED(get_pfnblock_flags_mask, "mm/page_alloc.c", "every page block is MIGRATE_MOVABLE");
unsigned long get_pfnblock_flags_mask(const struct page *page, unsigned long pfn, unsigned long mask)
{
	return MIGRATE_MOVABLE & mask;
}

FAITHFUL(gfp_pfmemalloc_allowed, "mm/page_alloc.c");
bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	return gfp & __GFP_MEMALLOC || ((in_serving_softirq() || !in_interrupt()) && current->flags & PF_MEMALLOC);
}

REDUCED(warn_alloc, "mm/page_alloc.c", "one line, without the state of the zones");
void warn_alloc(gfp_t gfp, KSHIM_WARN_ALLOC_CONST nodemask_t *nodemask, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (gfp & __GFP_NOWARN)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_warn("%s: %pV, mode:%#x\n", current ? current->comm : "boot", &vaf, gfp);
	va_end(args);
}

/* Pages beyond the high watermarks. */
FAITHFUL(nr_free_buffer_pages, "mm/page_alloc.c");
unsigned long nr_free_buffer_pages(void)
{
	unsigned long size, high, sum = 0;
	int nid;

	for_each_online_node(nid) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_NORMAL];

		size = zone_managed_pages(zone);
		high = high_wmark_pages(zone);
		if (size > high)
			sum += size - high;
	}
	return sum;
}

/* int_sqrt(lowmem_kbytes * 16), between 128 KiB and 256 MiB. */
FAITHFUL(calculate_min_free_kbytes, "mm/page_alloc.c");
void calculate_min_free_kbytes(void)
{
	unsigned long kbytes = nr_free_buffer_pages() * (PAGE_SIZE >> 10);

	if (user_min_free_kbytes < 0)
		min_free_kbytes = clamp(int_sqrt(kbytes * 16), 128, 262144);
}

/* Each node's zone has its share of min_free_kbytes as its minimum; low and high are a quarter and a half above it. */
FAITHFUL(setup_per_zone_wmarks, "mm/page_alloc.c");
void setup_per_zone_wmarks(void)
{
	unsigned long pages = min_free_kbytes >> (PAGE_SHIFT - 10), all = 0, min, step;
	struct zone *zone;
	int nid;

	for_each_online_node(nid)
		all += zone_managed_pages(&NODE_DATA(nid)->node_zones[ZONE_NORMAL]);
	totalreserve_pages = 0;
	for_each_online_node(nid) {
		zone = &NODE_DATA(nid)->node_zones[ZONE_NORMAL];
		min = pages * zone_managed_pages(zone) / all;
		step = max(min >> 2, zone_managed_pages(zone) * 10 / 10000);
		zone->watermark_boost = 0;
		zone->_watermark[WMARK_MIN] = min;
		zone->_watermark[WMARK_LOW] = min + step;
		zone->_watermark[WMARK_HIGH] = min + 2 * step;
		zone->_watermark[WMARK_PROMO] = min + 3 * step;
		NODE_DATA(nid)->totalreserve_pages = zone->_watermark[WMARK_HIGH];
		totalreserve_pages += zone->_watermark[WMARK_HIGH];
	}
}

REDUCED(__zone_watermark_ok, "mm/page_alloc.c", "no highatomic reserve, CMA or lowmem reserve: a node has one zone");
bool __zone_watermark_ok(struct zone *z, unsigned int order, unsigned long mark, int highest_zoneidx,
			 unsigned int alloc_flags, long free_pages)
{
	const struct kshim_node *node = &kshim_nodes[zone_to_nid(z)];
	unsigned int o;

	if (free_pages - (1L << order) + 1 <= (long)mark)
		return false;
	/* RAM that was never in use is free in the highest order. */
	if (!order || kshim_never_in_use(node))
		return true;
	for (o = order; o < NR_PAGE_ORDERS; o++)
		if (z->free_area[o].nr_free)
			return true;
	return false;
}

REDUCED(zone_watermark_ok, "mm/page_alloc.c", "like __zone_watermark_ok");
bool zone_watermark_ok(struct zone *z, unsigned int order, unsigned long mark, int highest_zoneidx,
		       unsigned int alloc_flags)
{
	return __zone_watermark_ok(z, order, mark, highest_zoneidx, alloc_flags, zone_page_state(z, NR_FREE_PAGES));
}

REDUCED(zone_watermark_ok_safe, "mm/page_alloc.c", "like __zone_watermark_ok");
bool zone_watermark_ok_safe(struct zone *z, unsigned int order, unsigned long mark, int highest_zoneidx)
{
	return zone_watermark_ok(z, order, mark, highest_zoneidx, 0);
}

#ifdef CONFIG_LOCKDEP
static struct lockdep_map __fs_reclaim_map = STATIC_LOCKDEP_MAP_INIT("fs_reclaim", &__fs_reclaim_map);

static bool may_enter_reclaim(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NOLOCKDEP) && current && !(current->flags & PF_MEMALLOC);
}

FAITHFUL(__fs_reclaim_acquire, "mm/page_alloc.c");
void __fs_reclaim_acquire(unsigned long ip)
{
	lock_acquire_exclusive(&__fs_reclaim_map, 0, 0, NULL, ip);
}

FAITHFUL(__fs_reclaim_release, "mm/page_alloc.c");
void __fs_reclaim_release(unsigned long ip)
{
	lock_release(&__fs_reclaim_map, ip);
}

FAITHFUL(fs_reclaim_acquire, "mm/page_alloc.c");
void fs_reclaim_acquire(gfp_t gfp)
{
	if (!may_enter_reclaim(gfp))
		return;
	if (current_gfp_context(gfp) & __GFP_FS)
		__fs_reclaim_acquire(_RET_IP_);
#ifdef CONFIG_MMU_NOTIFIER
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
#endif
}

FAITHFUL(fs_reclaim_release, "mm/page_alloc.c");
void fs_reclaim_release(gfp_t gfp)
{
	if (may_enter_reclaim(gfp) && current_gfp_context(gfp) & __GFP_FS)
		__fs_reclaim_release(_RET_IP_);
}
#endif
