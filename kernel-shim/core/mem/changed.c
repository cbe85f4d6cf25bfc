// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the allocators handed out and took back since it was last checked: a check after a step looks only there.
 *
 * Whoever writes to memory that he has freed, or beyond an object, does so most often in the call that frees or
 * allocates it. What is written later is found by the next check of everything, at the latest: nothing repairs such
 * memory before, and no allocation takes it without looking.
 */
#include <linux/mm.h>
#include <kshim/checks.h>
#include "slab.h"

#define MAX_BLOCKS 64U	/* the last ones of a step; the others wait for the check of everything */

static LIST_HEAD(slabs);
static struct host_lock slabs_lock;

static struct block {
	struct page *page;
	unsigned int order;
} blocks[MAX_BLOCKS];
static unsigned int nr_blocks;	/* guarded by kshim_pages_lock */

void kshim_slab_changed(struct kshim_slab *slab)
{
	host_lock(&slabs_lock);
	if (list_empty(&slab->changed))
		list_add_tail(&slab->changed, &slabs);
	host_unlock(&slabs_lock);
}

void kshim_slab_gone(struct kshim_slab *slab)
{
	host_lock(&slabs_lock);
	list_del_init(&slab->changed);
	host_unlock(&slabs_lock);
}

void kshim_pages_changed(struct page *page, unsigned int order)
{
	if (order <= MAX_PAGE_ORDER)
		blocks[nr_blocks++ % MAX_BLOCKS] = (struct block){ page, order };
}

static int check_block(const struct block *b)
{
	unsigned long i;
	int n = 0;

	for (i = 0; i < 1UL << b->order; i++) {
		struct kshim_page_info *info = kshim_pfn_info(page_to_pfn(b->page + i));

		if (info->state == KSHIM_PAGE_IS_FREE && info->touched)
			n += !kshim_check_freed_contents(b->page + i);
	}
	return n;
}

void kshim_changed_forget(void)
{
	struct kshim_slab *slab, *next;

	list_for_each_entry_safe(slab, next, &slabs, changed)
		list_del_init(&slab->changed);
	nr_blocks = 0;
}

int kshim_mem_validate_changed(void)
{
	unsigned int i, end = min(nr_blocks, MAX_BLOCKS);
	struct kshim_slab *slab;
	int n = 0;

	for (i = 0; i < end; i++)
		n += check_block(&blocks[i]);
	list_for_each_entry(slab, &slabs, changed)
		n += kshim_slab_validate_one(slab);
	kshim_changed_forget();
	return n;
}
