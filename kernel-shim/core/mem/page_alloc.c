// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page allocator: exact buddy lists over simulated RAM, without per-cpu lists, migrate types or reclaim
 * (mm/page_alloc.c in the kernel).
 *
 * The RAM of each node (nodes.c) comes into use from the bottom, in blocks of the highest order, as with
 * CONFIG_DEFERRED_STRUCT_PAGE_INIT; gigantic frames come from the other end (gigantic.c). As there, pfn_valid() is true
 * for all of RAM: a struct page that is not initialised yet is all zeroes, without a reference, and nobody has its pfn.
 * Free lists are LIFO and buddies merge at once, so that addresses depend on the sequence of calls alone.
 *
 * Invariants (kshim_pages_validate): a block on the free list of order n of a node lies in its RAM, is aligned to n, is
 * PageBuddy with that order, its frames have no reference and no user in kshim_page_info; no two buddies of one order
 * are both free; a free frame that was in use before, but not as a part of a gigantic one, holds KSHIM_PAGE_FREED in
 * every byte; NR_FREE_PAGES agrees with the lists plus the RAM not in use yet.
 */
#include <linux/debug_locks.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>
#include <kshim/form/frozen_pages.h>
#include <kshim/form/page_alloc_header.h>
#include <kshim/form/page_flags_f.h>
#include "internal.h"
#include "../../wrap/wrap.h"
#include "mem_internal.h"

struct kshim_page_info *kshim_page_info;
struct host_lock kshim_pages_lock;
static unsigned long (*reclaim)(void);

FAITHFUL(max_pfn, "mm/memblock.c");
unsigned long max_pfn;
FAITHFUL(max_low_pfn, "mm/memblock.c");
unsigned long max_low_pfn;
FAITHFUL(_totalram_pages, "mm/show_mem.c");
atomic_long_t _totalram_pages;
FAITHFUL(totalreserve_pages, "mm/show_mem.c");
unsigned long totalreserve_pages;
FAITHFUL(min_free_kbytes, "mm/page_alloc.c");
int min_free_kbytes = 1024;
FAITHFUL(user_min_free_kbytes, "mm/page_alloc.c");
int user_min_free_kbytes = -1;
FAITHFUL(gfp_allowed_mask, "mm/page_alloc.c");
gfp_t gfp_allowed_mask = __GFP_BITS_MASK;
FAITHFUL(page_group_by_mobility_disabled, "mm/page_alloc.c");
int page_group_by_mobility_disabled __read_mostly = 1;
FAITHFUL(check_pages_enabled, "mm/mm_init.c");
DEFINE_STATIC_KEY_TRUE(check_pages_enabled);
FAITHFUL(init_on_alloc, "mm/mm_init.c");
DEFINE_STATIC_KEY_FALSE(init_on_alloc);
FAITHFUL(init_on_free, "mm/mm_init.c");
DEFINE_STATIC_KEY_FALSE(init_on_free);

static void add_free(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);

	set_page_private(page, order);
	__SetPageBuddy(page);
	list_add(&page->buddy_list, &zone->free_area[order].free_list[MIGRATE_MOVABLE]);
	zone->free_area[order].nr_free++;
}

void kshim_init_pages(int nid, unsigned long pfn, unsigned long frames)
{
	unsigned long end = pfn + frames;
	struct page *page;

	for (; pfn < end; pfn++) {
		page = pfn_to_page(pfn);
		set_page_links(page, ZONE_NORMAL, nid, pfn);
		atomic_set(&page->_mapcount, -1);
		page_cpupid_reset_last(page);
		INIT_LIST_HEAD(&page->lru);
	}
}

bool kshim_bring_in_block(int nid)
{
	struct kshim_node *node = &kshim_nodes[nid];
	unsigned long pfn = node->in_use_end;

	if (pfn >= node->end || kshim_in_gigantic(node, pfn))
		return false;
	kshim_unseal_gigantic(node, pfn);
	kshim_init_pages(nid, pfn, KSHIM_BLOCK_PAGES);
	WRITE_ONCE(node->in_use_end, pfn + KSHIM_BLOCK_PAGES);
	add_free(pfn_to_page(pfn), MAX_PAGE_ORDER);
	return true;
}

static void del_free(struct page *page, unsigned int order)
{
	list_del(&page->buddy_list);
	__ClearPageBuddy(page);
	set_page_private(page, 0);
	page_zone(page)->free_area[order].nr_free--;
}

/* Takes a zone's newest free block of at least this order (below max) and splits it to this order; or NULL. */
static struct page *take_block(struct zone *zone, unsigned int order, unsigned long max)
{
	unsigned int have;
	struct page *page;

	for (have = order; have <= MAX_PAGE_ORDER; have++)
		list_for_each_entry(page, &zone->free_area[have].free_list[MIGRATE_MOVABLE], buddy_list)
			if (page_to_pfn(page) < max)
				goto found;
	return NULL;
found:
	del_free(page, have);
	while (have > order) {
		have--;
		add_free(page + (1UL << have), have);
	}
	return page;
}

static void put_block(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), buddy_pfn;
	struct page *buddy;

	while (order < MAX_PAGE_ORDER) {
		buddy = find_buddy_page_pfn(page, pfn, order, &buddy_pfn);
		if (!buddy)
			break;
		del_free(buddy, order);
		pfn &= buddy_pfn;
		page = pfn_to_page(pfn);
		order++;
	}
	add_free(page, order);
}

void kshim_set_page_state(struct page *page, unsigned int order, u8 state, const void *ip)
{
	struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page)), *end = info + (1UL << order);

	for (; info < end; info++) {
		info->state = state;
		if (state == KSHIM_PAGE_IS_FREE) {
			info->free_ip = ip;
		} else {
			info->alloc_ip = ip;
			info->epoch = kshim_mem_epoch;
		}
		info->slab = NULL;
	}
}

/* Keeps WMARK_MIN for callers who free memory with it; GFP_ATOMIC may use half of it (__zone_watermark_ok). */
bool kshim_above_watermark(struct zone *zone, gfp_t gfp, unsigned int order)
{
	unsigned long mark = min_wmark_pages(zone);

	if (gfp & (__GFP_MEMALLOC | __GFP_NOFAIL) || (current && current->flags & PF_MEMALLOC))
		mark = 0;
	else if (gfp & __GFP_HIGH)
		mark /= 2;
	return zone_page_state(zone, NR_FREE_PAGES) >= mark + (1UL << order);
}

/*
 * check_new_pages(): a block with a frame that has a memory error stays out of use. It came back as a part of a huge
 * page that could not be split.
 */
static struct page *take_good_block(struct zone *zone, unsigned int order, unsigned long max)
{
	struct page *page;
	unsigned long i;

	while ((page = take_block(zone, order, max))) {
		for (i = 0; i < 1UL << order && !PageHWPoison(page + i); i++)
			;
		if (i == 1UL << order)
			return page;
		kshim_set_page_state(page, order, KSHIM_PAGE_IS_OFF, NULL);
		__mod_zone_page_state(zone, NR_FREE_PAGES, -(1L << order));
	}
	return NULL;
}

/* get_page_from_freelist(): the first zone of nid's zonelist that is in nodes, if any, and has such a block. */
static struct page *get_block(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	unsigned long max = gfp & (__GFP_DMA | __GFP_DMA32) ? ARCH_PFN_OFFSET + (SZ_4G >> PAGE_SHIFT) : ULONG_MAX;
	struct page *page = NULL;
	struct zoneref *ref;
	struct zone *zone;

	host_lock(&kshim_pages_lock);
	for_each_zone_zonelist_nodemask(zone, ref, node_zonelist(nid, gfp), ZONE_NORMAL, nodes) {
		if (!kshim_above_watermark(zone, gfp, order))
			continue;
		do
			page = take_good_block(zone, order, max);
		while (!page && kshim_bring_in_block(zone_to_nid(zone)));
		if (page)
			break;
	}
	if (page) {
		kshim_set_page_state(page, order, KSHIM_PAGE_IS_USED, ip);
		__mod_zone_page_state(zone, NR_FREE_PAGES, -(1L << order));
	}
	host_unlock(&kshim_pages_lock);
	return page;
}

static const char *bad_reason(const struct page *page, unsigned long flags)
{
	if (atomic_read(&page->_mapcount) != -1)
		return "nonzero mapcount (or page type)";
	if (page->mapping)
		return "non-NULL mapping";
	if (page_ref_count(page))
		return "nonzero _refcount";
	if (KSHIM_PAGE_FLAGS(page) & flags)
		return "flags set that a free page must not have";
	return NULL;
}

static void bad_page(const struct page *page, const char *when, const char *reason, const void *ip)
{
	const struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page));

	kshim_mem_problem(ip, info->alloc_ip,
			  "bad page %s: %s: pfn %#lx refcount %d mapcount %d mapping %#lx flags %#lx\n"
			  "frames: who %s it, who allocated it", when, reason, page_to_pfn(page), page_ref_count(page),
			  atomic_read(&page->_mapcount) + 1, (unsigned long)page->mapping, KSHIM_PAGE_FLAGS(page),
			  when);
}

bool kshim_check_freed_contents(struct page *page)
{
	const struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page));
	const u8 *p = page_address(page), *bad = kshim_find_other(p, KSHIM_PAGE_FREED, PAGE_SIZE);

	if (likely(!bad))
		return true;
	kshim_mem_problem(info->free_ip, info->alloc_ip,
			  "write after free: pfn %#lx, offset %#lx holds %#x instead of %#x\n"
			  "frames: who freed the page, who had allocated it", page_to_pfn(page),
			  (unsigned long)(bad - p), kshim_peek(bad), KSHIM_PAGE_FREED);
	return false;
}

/* check_new_page() and post_alloc_hook(): the old owner's state is gone, contents are zero or a pattern. */
static void prepare_new(struct page *page, unsigned int order, gfp_t gfp, const void *ip)
{
	bool zero = gfp & __GFP_ZERO;
	unsigned long i;

	kshim_track_open(page_address(page), PAGE_SIZE << order);
	for (i = 0; i < 1UL << order; i++) {
		struct page *p = page + i;
		struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(p));
		const char *reason = bad_reason(p, PAGE_FLAGS_CHECK_AT_PREP);

		if (unlikely(reason))
			bad_page(p, "found on the free list", reason, ip);
		set_page_private(p, 0);
		if (info->touched) {
			if (!kshim_check_freed_contents(p) && !zero)
				memset(page_address(p), KSHIM_PAGE_FREED, PAGE_SIZE);
			if (zero)
				clear_page(page_address(p));
		} else {
			info->touched = 1;
			if (!zero)
				memset(page_address(p), KSHIM_PAGE_FREED, PAGE_SIZE);
		}
	}
	if (!zero)
		kshim_track_undefined(page_address(page), PAGE_SIZE << order);
	set_page_refcounted(page);
	if (order && gfp & __GFP_COMP)
		prep_compound_page(page, order);
}

static struct page *get_pages(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	struct page *page;

	if (current)
		gfp = current_gfp_context(gfp);
	page = get_block(gfp, order, nid, nodes, ip);
	if (unlikely(!page) && reclaim && reclaim())
		page = get_block(gfp, order, nid, nodes, ip);
	if (unlikely(!page)) {
		if (gfp & __GFP_NOFAIL)
			host_fatal(KVMSIM_OOM, NULL, 0, "out of simulated memory: order %u, __GFP_NOFAIL", order);
		warn_alloc(gfp, NULL, "page allocation failure: order:%u", order);
		return NULL;
	}
	prepare_new(page, order, gfp, ip);
	return page;
}

struct page *kshim_alloc_pages_node(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	might_alloc(gfp);
	if (WARN_ON_ONCE_GFP(order > MAX_PAGE_ORDER, gfp))
		return NULL;
	if (kshim_should_fail(gfp))
		return NULL;
	return get_pages(gfp, order, nid == NUMA_NO_NODE ? numa_mem_id() : nid, nodes, kshim_policy_caller(ip));
}

struct page *kshim_get_pages(gfp_t gfp, unsigned int order, const void *ip)
{
	return get_pages(gfp, order, numa_mem_id(), NULL, ip);
}

void kshim_set_reclaim(unsigned long (*fn)(void))
{
	reclaim = fn;
}

/* Returns why a tail page of a compound page cannot be freed, or NULL. */
static const char *free_tail(struct page *head, struct page *page)
{
	const char *reason = kshim_bad_tail(head, page);

	if (!PageTail(page))
		reason = "PageTail not set";
	else if (compound_head(page) != head)
		reason = "compound_head not consistent";
	page->mapping = NULL;
	clear_compound_head(page);
	return reason;
}

/* free_pages_prepare(). Returns false if the page must not go back to the free list. */
static bool prepare_free(struct page *page, unsigned int order, const void *ip)
{
	bool compound = PageCompound(page), bad = false;
	struct folio *folio = page_folio(page);
	unsigned long i;

	VM_BUG_ON_PAGE(PageTail(page), page);
	if (folio_test_mlocked(folio)) {
		__folio_clear_mlocked(folio);
		zone_stat_mod_folio(folio, NR_MLOCK, -folio_nr_pages(folio));
	}
	if (PageHWPoison(page) && !order) {
		kshim_set_page_state(page, 0, KSHIM_PAGE_IS_OFF, ip);
		return false;
	}
	VM_BUG_ON_PAGE(compound && compound_order(page) != order, page);
	if (compound && order)
		kshim_clear_second(page);
	if (kshim_page_mapping_flags(page))
		page->mapping = NULL;
	for (i = 1UL << order; i-- > 0;) {	/* the head last: the checks of its tails read it */
		const char *reason = i && compound ? free_tail(page, page + i) : NULL;

		if (!reason)
			reason = bad_reason(page + i, PAGE_FLAGS_CHECK_AT_FREE);
		if (unlikely(reason)) {
			bad_page(page + i, "freed", reason, ip);
			bad = true;
			continue;
		}
		KSHIM_PAGE_FLAGS(&page[i]) &= ~PAGE_FLAGS_CHECK_AT_PREP;
		page[i].private = 0;
	}
	if (unlikely(bad)) {
		kshim_set_page_state(page, order, KSHIM_PAGE_IS_OFF, ip);
		return false;
	}
	page_cpupid_reset_last(page);
	debug_check_no_locks_freed(page_address(page), PAGE_SIZE << order);
	kshim_track_open(page_address(page), PAGE_SIZE << order);
	if (order > MAX_PAGE_ORDER)
		host_discard(page_address(page), PAGE_SIZE << order);
	else
		memset(page_address(page), KSHIM_PAGE_FREED, PAGE_SIZE << order);
	kshim_track_close(page_address(page), PAGE_SIZE << order);
	return true;
}

void kshim_free_page(struct page *page, unsigned int order, const void *ip)
{
	const struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page));
	struct zone *zone = page_zone(page);

	if (unlikely(info->state == KSHIM_PAGE_IS_FREE || info->state == KSHIM_PAGE_IS_OFF)) {
		kshim_mem_problem(ip, info->free_ip,
				  "double free: pfn %#lx is %s\nframes: who frees it now, who did before",
				  page_to_pfn(page), info->state == KSHIM_PAGE_IS_FREE ? "free already" : "not in use");
		return;
	}
	if (!prepare_free(page, order, ip))
		return;
	host_lock(&kshim_pages_lock);
	kshim_set_page_state(page, order, KSHIM_PAGE_IS_FREE, ip);
	if (order <= MAX_PAGE_ORDER)
		put_block(page, order);
	else
		kshim_unuse_gigantic(page, order);
	kshim_pages_changed(page, order);
	__mod_zone_page_state(zone, NR_FREE_PAGES, 1L << order);
	host_unlock(&kshim_pages_lock);
}

/* Maps the host's memory for RAM, and for what there is for each frame; had: how many frames have it already. */
static void map_frames(unsigned long had, unsigned long frames)
{
	unsigned long more = frames - had, reserved = had ? 0 : KSHIM_RESERVED_PAGES;

	host_map_ram(KSHIM_RAM_BASE + PFN_PHYS(had), PFN_PHYS(more));
	host_map(KSHIM_MEMMAP_BASE + had * sizeof(struct page), more * sizeof(struct page));
	host_map(KSHIM_PAGEINFO_BASE + had * sizeof(*kshim_page_info), more * sizeof(*kshim_page_info));
	max_pfn = max_low_pfn = ARCH_PFN_OFFSET + frames;
	set_max_mapnr(frames);
	kshim_mem_counts.pages_total = frames;
	atomic_long_add(more - reserved, &_totalram_pages);
	if (kshim_on_valgrind)
		host_track_noaccess((void *)(KSHIM_RAM_BASE + PFN_PHYS(had + reserved)), PFN_PHYS(more - reserved));
}

int kshim_grow_ram(u64 ram_bytes)
{
	unsigned long frames = ram_bytes >> PAGE_SHIFT;

	if (ram_bytes > KSHIM_RAM_MAX || ram_bytes % SZ_4M || frames < kshim_mem_counts.pages_total)
		return -EINVAL;
	map_frames(kshim_mem_counts.pages_total, frames);
	kshim_extend_node(KSHIM_NR_NODES - 1, max_pfn);
	highest_memmap_pfn = max_pfn - 1;
	calculate_min_free_kbytes();
	setup_per_zone_wmarks();
	return 0;
}

/* mm/mm_init.c's memmap and zone set-up, as far as the allocator itself needs it. boot_mm.c does the rest. */
void kshim_pages_boot(u64 ram_bytes)
{
	struct zone *zone;
	unsigned long i;

	mem_map = (struct page *)KSHIM_MEMMAP_BASE;
	kshim_page_info = (struct kshim_page_info *)KSHIM_PAGEINFO_BASE;
	map_frames(0, ram_bytes >> PAGE_SHIFT);
	kshim_nodes_boot(max_pfn);
	zone = &NODE_DATA(0)->node_zones[ZONE_NORMAL];
	atomic_long_sub(KSHIM_RESERVED_PAGES, &zone->managed_pages);
	setup_per_zone_wmarks();

	kshim_bring_in_block(0);
	for (i = 0; i < KSHIM_RESERVED_PAGES; i++) {
		struct page *page = take_block(zone, 0, ARCH_PFN_OFFSET + i + 1);

		__SetPageReserved(page);
		set_page_refcounted(page);
		kshim_set_page_state(page, 0, KSHIM_PAGE_IS_OFF, NULL);
	}
	__mod_zone_page_state(zone, NR_FREE_PAGES, -(long)KSHIM_RESERVED_PAGES);
}

static int validate_block(const struct kshim_node *node, struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), i;
	int n = 0;

	if (!IS_ALIGNED(pfn, 1UL << order) || !PageBuddy(page) || buddy_order(page) != order ||
	    pfn < node->start || pfn >= node->in_use_end) {
		kshim_mem_problem(NULL, NULL, "free list of order %u holds pfn %#lx, which does not belong there",
				  order, pfn);
		return 1;
	}
	if (order < MAX_PAGE_ORDER && find_buddy_page_pfn(page, pfn, order, NULL)) {
		kshim_mem_problem(NULL, NULL, "free buddies were not merged: pfn %#lx order %u", pfn, order);
		n++;
	}
	for (i = pfn; i < pfn + (1UL << order); i++) {
		struct kshim_page_info *info = kshim_pfn_info(i);

		if (info->state != KSHIM_PAGE_IS_FREE || page_ref_count(pfn_to_page(i))) {
			kshim_mem_problem(info->free_ip, info->alloc_ip,
					  "pfn %#lx is on the free list and in use: refcount %d", i,
					  page_ref_count(pfn_to_page(i)));
			n++;
		}
		if (info->touched)
			n += !kshim_check_freed_contents(pfn_to_page(i));
	}
	return n;
}

static int validate_node(int nid)
{
	struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_NORMAL];
	const struct kshim_node *node = &kshim_nodes[nid];
	unsigned long free = kshim_never_in_use(node), listed;
	unsigned int order;
	struct page *page;
	int n = 0;

	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		listed = 0;
		list_for_each_entry(page, &zone->free_area[order].free_list[MIGRATE_MOVABLE], buddy_list) {
			n += validate_block(node, page, order);
			listed++;
		}
		if (listed != zone->free_area[order].nr_free) {
			kshim_mem_problem(NULL, NULL, "order %u: %lu blocks listed, %lu counted", order, listed,
					  zone->free_area[order].nr_free);
			n++;
		}
		free += listed << order;
	}
	if (free != zone_page_state(zone, NR_FREE_PAGES)) {
		kshim_mem_problem(NULL, NULL, "%lu pages are free, NR_FREE_PAGES is %lu", free,
				  zone_page_state(zone, NR_FREE_PAGES));
		n++;
	}
	return n;
}

int kshim_pages_validate(void)
{
	int nid, n = 0;

	for_each_online_node(nid)
		n += validate_node(nid);
	return n;
}

#ifdef CONFIG_MEMORY_FAILURE
/* Keeps one free frame out of the lists from now on. */
FAITHFUL(take_page_off_buddy, "mm/page_alloc.c");
bool take_page_off_buddy(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int order;
	bool ret = false;

	host_lock(&kshim_pages_lock);
	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		struct page *head = page - (pfn & ((1UL << order) - 1));
		unsigned int have;

		if (!PageBuddy(head) || buddy_order(head) < order)
			continue;
		have = buddy_order(head);
		del_free(head, have);
		while (have) {
			have--;
			if (page >= head + (1UL << have)) {
				add_free(head, have);
				head += 1UL << have;
			} else {
				add_free(head + (1UL << have), have);
			}
		}
		kshim_set_page_state(page, 0, KSHIM_PAGE_IS_OFF, __builtin_return_address(0));
		__mod_zone_page_state(page_zone(page), NR_FREE_PAGES, -1);
		SetPageHWPoisonTakenOff(page);
		ret = true;
		break;
	}
	host_unlock(&kshim_pages_lock);
	return ret;
}

FAITHFUL(put_page_back_buddy, "mm/page_alloc.c");
bool put_page_back_buddy(struct page *page)
{
	bool ret = false;

	if (put_page_testzero(page)) {
		ClearPageHWPoisonTakenOff(page);
		ret = TestClearPageHWPoison(page);
		kshim_set_page_state(page, 0, KSHIM_PAGE_IS_USED, __builtin_return_address(0));
		kshim_free_page(page, 0, __builtin_return_address(0));
	}
	return ret;
}
#endif
