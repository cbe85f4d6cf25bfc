// SPDX-License-Identifier: GPL-2.0-only
/* mm/ksm.c with two steps of ksmd that can be called: looking at two given pages, and a pass that merges nothing. */
#include "mm/ksm.c"

#include <kshim/form/ksm_folio.h>
#include "wrap.h"

/* Shows ksmd the page of item, as if unchanged since the last pass. NULL: nothing is mergeable there. */
static struct page *scan_one(struct ksm_rmap_item *item)
{
	struct page *page = get_mergeable_page(item);

	if (page) {
		item->oldchecksum = calc_checksum(page);
		cmp_and_merge_page(page, item);
		put_page(page);
		page = get_mergeable_page(item);
	}
	return page;
}

static int merge_two(struct ksm_mm_slot *mm_slot, unsigned long a, unsigned long b)
{
	struct ksm_rmap_item **list = &mm_slot->rmap_list;
	struct ksm_rmap_item *low, *high;
	struct page *low_page, *high_page;
	int ret = -EFAULT;

	low = get_next_rmap_item(mm_slot, list, min(a, b));
	if (!low)
		return -ENOMEM;
	list = &low->rmap_list;
	high = get_next_rmap_item(mm_slot, list, max(a, b));
	if (!high)
		return -ENOMEM;

	/* ksmd holds no reference on a page that it looked at before; one too many would prevent the merge. */
	low_page = scan_one(low);
	if (low_page)
		put_page(low_page);
	high_page = scan_one(high);
	/* The second look merges both with the first one's page or an old KSM page; look where the first is now. */
	low_page = get_mergeable_page(low);
	if (low_page && high_page)
		ret = low_page == high_page && folio_test_ksm(page_folio(low_page)) ? 0 : -EBUSY;
	if (low_page)
		put_page(low_page);
	if (high_page)
		put_page(high_page);
	return ret;
}

int kshim_ksm_merge(struct mm_struct *mm, unsigned long a, unsigned long b)
{
	struct mm_slot *slot;
	int ret = -EINVAL;

	if (a == b)
		return -EINVAL;

	/* Pages in per-CPU batches have references; ksmd would wait until they are gone. */
	lru_add_drain_all();

	mutex_lock(&ksm_thread_mutex);
	spin_lock(&ksm_mmlist_lock);
	slot = mm_slot_lookup(mm_slots_hash, mm);
	spin_unlock(&ksm_mmlist_lock);
	if (slot) {
		struct ksm_mm_slot *mm_slot = mm_slot_entry(slot, struct ksm_mm_slot, slot);

		ret = merge_two(mm_slot, a, b);
		/* Two pages of one huge page: the first attempt split it. */
		if (ret == -EBUSY)
			ret = merge_two(mm_slot, a, b);
	}
	mutex_unlock(&ksm_thread_mutex);
	return ret;
}

/* ksmd finds a node whose page is gone when it searches for equal pages. Until then it stays, perhaps for ever. */
static void drop_stale_nodes(void)
{
	struct rb_node *node, *next;

	for (node = rb_first(root_stable_tree); node; node = next) {
		struct ksm_stable_node *stable = rb_entry(node, struct ksm_stable_node, node);

		next = rb_next(node);
		if (!is_stable_node_chain(stable))
			kshim_ksm_look(stable);
	}
}

void kshim_ksm_reap(void)
{
	struct ksm_rmap_item *item;
	struct page *page;

	mutex_lock(&ksm_thread_mutex);
	while ((item = scan_get_next_rmap_item(&page)))
		put_page(page);
	drop_stale_nodes();
	mutex_unlock(&ksm_thread_mutex);
}
