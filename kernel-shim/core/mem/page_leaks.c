// SPDX-License-Identifier: GPL-2.0-only
/* Frames that are left when the last process is gone, and what memory_failure() keeps on purpose. */
#include <linux/hugetlb.h>
#include <linux/llist.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include "mem_internal.h"
#include "slab.h"

/*
 * memory_failure() keeps its one reference on a frame for ever, so that nobody gets it (mm/memory-failure.c). That of a
 * hugetlb page keeps all of it: the flag is at its head.
 */
static bool kept_for_error(struct page *page)
{
	struct page *head = compound_head(page);

	return (PageHWPoison(page) || (PageHuge(head) && PageHWPoison(head))) && page_ref_count(head) == 1;
}

/* Calls fn for each frame of a node that is in use or was. */
static void visit_frames(const struct kshim_node *node, void (*fn)(struct page *page, void *data), void *data)
{
	unsigned long pfn;

	/* The reserved frames are not in use. */
	for (pfn = node->start; pfn < node->end; pfn++) {
		if (pfn >= node->in_use_end && !kshim_in_gigantic(node, pfn)) {
			pfn = kshim_next_gigantic(node, pfn) - 1;
			continue;
		}
		fn(pfn_to_page(pfn), data);
	}
}

struct search {
	struct kshim_leaks *leaks;
	u32 epoch;
};

static void frame_leak(struct page *page, void *data)
{
	const struct search *s = data;
	const struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(page));

	if (info->epoch < s->epoch || kept_for_error(page))
		return;
	if (info->state == KSHIM_PAGE_IS_USED)
		kshim_leak_add(s->leaks, KSHIM_LEAKED_PAGE, info->alloc_ip, PAGE_SIZE, page_address(page));
	else if (info->state == KSHIM_PAGE_IS_LARGE)
		kshim_leak_add(s->leaks, "large kmalloc", info->alloc_ip, info->bytes, page_address(page));
}

void kshim_pages_leaks(struct kshim_leaks *l, u32 epoch)
{
	struct search s = { l, epoch };
	int nid;

	for_each_online_node(nid)
		visit_frames(&kshim_nodes[nid], frame_leak, &s);
}

#ifdef CONFIG_MEMORY_FAILURE
/* The records of a hugetlb page: which of its frames have an error (raw_hwp_list_head()). */
static void keep_records(struct page *page, void *data)
{
	struct kshim_object *o;
	struct kshim_slab *slab;
	struct llist_node *n;

	if (!PageHead(page) || !PageHuge(page) || !kept_for_error(page))
		return;
	for (n = ((struct llist_head *)&page_folio(page)->_hugetlb_hwpoison)->first; n; n = n->next) {
		o = kshim_slab_object(n, &slab);
		if (o)
			o->epoch = 0;
	}
}

void kshim_keep_error_records(void)
{
	int nid;

	if (!atomic_long_read(&num_poisoned_pages))
		return;
	for_each_online_node(nid)
		visit_frames(&kshim_nodes[nid], keep_records, NULL);
}
#else
void kshim_keep_error_records(void)
{
}
#endif
