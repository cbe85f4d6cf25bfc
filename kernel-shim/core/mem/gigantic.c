// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gigantic frames, which a page table of the third level maps with one entry (2 GiB on s390x, else 1 GiB) and which are
 * larger than the largest blocks of the free lists (alloc_contig_pages() of mm/page_alloc.c).
 *
 * A frame comes from RAM that was never in use, from the top down. There the host has no memory for the frame, for its
 * struct pages and for its records; what the kernel does not touch stays so. Nothing is written to the frame itself
 * when it is taken. When it is freed its contents are discarded, and it becomes RAM that was never in use again, but is
 * sealed: an access by a stale pointer is an oops. Blocks for the free lists come from RAM below all frames in use, so
 * that this is always possible.
 *
 * Invariants: a bit of struct kshim_node::gigantic, and one of kshim_node::sealed, is for such a frame of the node's
 * RAM, aligned and not before in_use_end. No frame has both.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/vmstat.h>
#include "internal.h"
#include "mem_internal.h"

#define GIGANTIC_PAGES (PUD_SIZE >> PAGE_SHIFT)

static unsigned long region_of(unsigned long pfn)
{
	return (pfn - ARCH_PFN_OFFSET) / GIGANTIC_PAGES;
}

bool kshim_in_gigantic(const struct kshim_node *node, unsigned long pfn)
{
	return READ_ONCE(node->gigantic) >> region_of(pfn) & 1;
}

unsigned long kshim_next_gigantic(const struct kshim_node *node, unsigned long pfn)
{
	while (pfn < node->end && !kshim_in_gigantic(node, pfn))
		pfn = min(node->end, ALIGN(pfn - ARCH_PFN_OFFSET + 1, GIGANTIC_PAGES) + ARCH_PFN_OFFSET);
	return pfn;
}

unsigned long kshim_never_in_use(const struct kshim_node *node)
{
	unsigned long pfn = READ_ONCE(node->in_use_end), n = node->end - pfn;

	while ((pfn = kshim_next_gigantic(node, pfn)) < node->end) {
		n -= GIGANTIC_PAGES;
		pfn += GIGANTIC_PAGES;
	}
	return n;
}

/* Returns the uppermost gigantic frame of a node that was never in use, or NULL. */
static struct page *find_region(const struct kshim_node *node)
{
	unsigned long pfn = ALIGN_DOWN(node->end - ARCH_PFN_OFFSET, GIGANTIC_PAGES) + ARCH_PFN_OFFSET;

	while (pfn >= node->in_use_end + GIGANTIC_PAGES) {
		pfn -= GIGANTIC_PAGES;
		if (!kshim_in_gigantic(node, pfn))
			return pfn_to_page(pfn);
	}
	return NULL;
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
			page = find_region(node);
		if (page)
			break;
	}
	if (page) {
		kshim_unseal_gigantic(node, page_to_pfn(page));
		WRITE_ONCE(node->gigantic, node->gigantic | 1UL << region_of(page_to_pfn(page)));
		kshim_init_pages(zone_to_nid(zone), page_to_pfn(page), GIGANTIC_PAGES);
		kshim_set_page_state(page, order, KSHIM_PAGE_IS_USED, ip);
		__mod_zone_page_state(zone, NR_FREE_PAGES, -(long)GIGANTIC_PAGES);
	}
	host_unlock(&kshim_pages_lock);
	return page;
}

struct page *kshim_alloc_gigantic(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip)
{
	struct page *page;

	might_alloc(gfp);
	if (1UL << order != GIGANTIC_PAGES)
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
	unsigned long bit = 1UL << region_of(pfn), first;

	if (node->sealed & bit) {
		first = ALIGN_DOWN(pfn - ARCH_PFN_OFFSET, GIGANTIC_PAGES) + ARCH_PFN_OFFSET;
		host_protect_rw(__va(PFN_PHYS(first)), PUD_SIZE);
		node->sealed &= ~bit;
	}
}

void kshim_unuse_gigantic(struct page *page)
{
	struct kshim_node *node = &kshim_nodes[page_to_nid(page)];
	unsigned long pfn = page_to_pfn(page);

	WRITE_ONCE(node->gigantic, node->gigantic & ~(1UL << region_of(pfn)));
	node->sealed |= 1UL << region_of(pfn);
	host_protect_none(page_address(page), PUD_SIZE);
	host_discard(page, GIGANTIC_PAGES * sizeof(*page));
	host_discard(kshim_pfn_info(pfn), GIGANTIC_PAGES * sizeof(*kshim_page_info));
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
