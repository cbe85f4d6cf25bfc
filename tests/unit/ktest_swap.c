// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of the swap device: see tests/unit/test_swap.c. */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include <kshim/form/swap_slots.h>
#include <kshim/vfs.h>
#include "../../kernel-shim/wrap/wrap.h"
#include "ktest_swap.h"

int ktest_swap_read(uint64_t slot, void **address)
{
	static struct page *page;
	struct kiocb iocb = { .ki_pos = slot << PAGE_SHIFT };
	struct bio_vec v;
	struct iov_iter iter;

	if (!page)
		page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	if (address)
		*address = page_address(page);
	bvec_set_page(&v, page, PAGE_SIZE, 0);
	iov_iter_bvec(&iter, ITER_DEST, &v, 1, PAGE_SIZE);
	return kshim_swapfile_rw(&iocb, &iter);
}

/* Slot 0 is the header, which is never free. */
int ktest_swap_slots(void)
{
	u64 slot, stale;

	kshim_drop_swap_slots();
	stale = kshim_nr_stale_swap_reads;
	for (slot = 1; ktest_swap_read(slot, NULL) > 0; slot++)
		;
	return slot - 1 - (kshim_nr_stale_swap_reads - stale);
}

uint64_t ktest_swap_writes(void)
{
	return kshim_nr_swap_writes;
}

uint64_t ktest_swap_reads(void)
{
	return kshim_nr_swap_reads;
}

uint64_t ktest_swap_stale_reads(void)
{
	return kshim_nr_stale_swap_reads;
}

void ktest_swap_reap(void)
{
	kshim_swap_cache_reap();
	kshim_drop_swap_slots();
}
