// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gigantic frames, which are larger than the largest blocks of the free lists (alloc_contig_pages() of
 * mm/page_alloc.c): 2 GiB on s390x, 1 GiB on x86_64, 1 GiB and 32 MiB on arm64. Their sizes are multiples of
 * KSHIM_GIGANTIC_UNIT.
 *
 * A frame comes from RAM that was never in use, from the top down. There the host has no memory for the frame, for its
 * struct pages and for its records; what the kernel does not touch stays so. Nothing is written to the frame itself
 * when it is taken. When it is freed its contents are discarded, and it becomes RAM that was never in use again, but is
 * sealed: an access by a stale pointer is an oops. Blocks for the free lists come from RAM below all frames in use, so
 * that this is always possible.
 *
 * Invariants: a bit of struct kshim_node::gigantic, and one of kshim_node::sealed, is for a unit of the node's RAM,
 * aligned and not before in_use_end. No unit has both. The units of a frame are all in use, or none is.
 */
#include <linux/bitmap.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/vmstat.h>
#include "internal.h"
#include "mem_internal.h"

#define UNIT_PAGES (KSHIM_GIGANTIC_UNIT >> PAGE_SHIFT)

static unsigned long unit_of(unsigned long pfn)
{
	return (pfn - ARCH_PFN_OFFSET) / UNIT_PAGES;
}

bool kshim_in_gigantic(const struct kshim_node *node, unsigned long pfn)
{
	return test_bit(unit_of(pfn), node->gigantic);
}

unsigned long kshim_next_gigantic(const struct kshim_node *node, unsigned long pfn)
{
	while (pfn < node->end && !kshim_in_gigantic(node, pfn))
		pfn = min(node->end, ALIGN(pfn - ARCH_PFN_OFFSET + 1, UNIT_PAGES) + ARCH_PFN_OFFSET);
	return pfn;
}

unsigned long kshim_never_in_use(const struct kshim_node *node)
{
	unsigned long pfn = READ_ONCE(node->in_use_end), n = node->end - pfn;

	while ((pfn = kshim_next_gigantic(node, pfn)) < node->end) {
		n -= UNIT_PAGES;
		pfn += UNIT_PAGES;
	}
	return n;
}

/* Returns the uppermost frames of a node that were never in use, so many and aligned to their number, or NULL. */
static struct page *find_region(const struct kshim_node *node, unsigned long frames)
{
	unsigned long pfn = ALIGN_DOWN(node->end - ARCH_PFN_OFFSET, frames) + ARCH_PFN_OFFSET;

	while (pfn >= node->in_use_end + frames) {
		pfn -= frames;
		if (kshim_next_gigantic(node, pfn) >= pfn + frames)
			return pfn_to_page(pfn);
	}
	return NULL;
}

static void use_region(int nid, unsigned long pfn, unsigned long frames)
{
	struct kshim_node *node = &kshim_nodes[nid];
	unsigned long at;

	for (at = pfn; at < pfn + frames; at += UNIT_PAGES) {
		kshim_unseal_gigantic(node, at);
		set_bit(unit_of(at), node->gigantic);
	}
	kshim_init_pages(nid, pfn, frames);
}

static struct page *take_region(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	struct page *page = NULL;
	struct kshim_node *node;
	struct zoneref *ref;
	struct zone *zone;

	host_lock(&kshim_pages_lock);
	for_each_zone_zonelist_nodemask(zone, ref, node_zonelist(nid, gfp), ZONE_NORMAL, nodes) {
		node = &kshim_nodes[zone_to_nid(zone)];
		if (kshim_above_watermark(zone, gfp, order))
			page = find_region(node, 1UL << order);
		if (page)
			break;
	}
	if (page) {
		use_region(zone_to_nid(zone), page_to_pfn(page), 1UL << order);
		kshim_set_page_state(page, order, KSHIM_PAGE_IS_USED, ip);
		__mod_zone_page_state(zone, NR_FREE_PAGES, -(1L << order));
	}
	host_unlock(&kshim_pages_lock);
	return page;
}

struct page *kshim_alloc_gigantic(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	struct page *page;

	might_alloc(gfp);
	if ((1UL << order) % UNIT_PAGES)
		return NULL;
	if (kshim_should_fail(gfp))
		return NULL;
	page = take_region(current_gfp_context(gfp), order, nid == NUMA_NO_NODE ? numa_mem_id() : nid, nodes, ip);
	if (!page)
		return NULL;
	kshim_track_open(page_address(page), PAGE_SIZE << order);
	if (gfp & __GFP_COMP)
		prep_compound_page(page, order);
	return page;
}

void kshim_unseal_gigantic(struct kshim_node *node, unsigned long pfn)
{
	unsigned long unit = unit_of(pfn);

	if (__test_and_clear_bit(unit, node->sealed))
		host_protect_rw(__va(PFN_PHYS(ARCH_PFN_OFFSET + unit * UNIT_PAGES)), KSHIM_GIGANTIC_UNIT);
}

void kshim_unuse_gigantic(struct page *page, unsigned int order)
{
	struct kshim_node *node = &kshim_nodes[page_to_nid(page)];
	unsigned long pfn = page_to_pfn(page), frames = 1UL << order, at;

	for (at = pfn; at < pfn + frames; at += UNIT_PAGES) {
		clear_bit(unit_of(at), node->gigantic);
		__set_bit(unit_of(at), node->sealed);
	}
	host_protect_none(page_address(page), frames << PAGE_SHIFT);
	host_discard(page, frames * sizeof(*page));
	host_discard(kshim_pfn_info(pfn), frames * sizeof(*kshim_page_info));
}

bool kshim_clear_frames(void *addr, unsigned int npages)
{
	if (npages <= KSHIM_BLOCK_PAGES)
		return false;
	host_discard(addr, (unsigned long)npages << PAGE_SHIFT);
	return true;
}

void kshim_folio_zero_user(struct folio *folio, unsigned long addr_hint)
{
	if (!kshim_clear_frames(folio_address(folio), folio_nr_pages(folio)))
		folio_zero_user(folio, addr_hint);
}
