// SPDX-License-Identifier: GPL-2.0-only
/*
 * The swap device: a file whose pages are an array in host memory, behind the real mm/swapfile.c and mm/page_io.c.
 *
 * It is a swap file like those on network file systems: page_io.c hands over whole pages (compat/<form>/swap_ops). A
 * slot keeps its data until it is written again. But a read of a slot that is free in the swap map gets poison: a
 * stale swap entry shows up as bytes KSHIM_SWAP_POISON and is counted.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/uio.h>
#include <kshim/form/swap_ops.h>
#include <kshim/form/swap_slots.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/task.h>
#include <kshim/vfs.h>
#include "../../wrap/wrap.h"

static void *store;
static unsigned long store_pages;
static struct swap_info_struct *swap_dev;

uint64_t kshim_nr_swap_writes, kshim_nr_swap_reads, kshim_nr_stale_swap_reads;

static bool slot_is_free(unsigned long slot)
{
	return swap_dev && kshim_swap_slot_is_free(swap_dev, slot);
}

static void read_page(unsigned long slot, void *to)
{
	if (slot_is_free(slot)) {
		memset(to, KSHIM_SWAP_POISON, PAGE_SIZE);
		__atomic_fetch_add(&kshim_nr_stale_swap_reads, 1, __ATOMIC_RELAXED);
	} else {
		memcpy(to, store + slot * PAGE_SIZE, PAGE_SIZE);
	}
	__atomic_fetch_add(&kshim_nr_swap_reads, 1, __ATOMIC_RELAXED);
}

static void write_page(unsigned long slot, const void *from)
{
	memcpy(store + slot * PAGE_SIZE, from, PAGE_SIZE);
	__atomic_fetch_add(&kshim_nr_swap_writes, 1, __ATOMIC_RELAXED);
}

int kshim_swapfile_rw(struct kiocb *iocb, struct iov_iter *iter)
{
	unsigned long slot = iocb->ki_pos >> PAGE_SHIFT, n, i;
	const struct bio_vec *v;
	struct page *page;
	unsigned int seg;
	size_t moved = 0;

	for (seg = 0; seg < iter->nr_segs; seg++) {
		v = &iter->bvec[seg];
		n = v->bv_len >> PAGE_SHIFT;
		if (slot + n > store_pages)
			return -EIO;
		for (i = 0; i < n; i++, slot++) {
			page = v->bv_page + (v->bv_offset >> PAGE_SHIFT) + i;
			if (iov_iter_rw(iter) == WRITE)
				write_page(slot, page_address(page));
			else
				read_page(slot, page_address(page));
		}
		moved += v->bv_len;
	}
	return moved;
}

/* Reads the header that mkswap(8) would have written; swapon() asks for page 0 only. */
static int swapfile_read_folio(struct file *file, struct folio *folio)
{
	union swap_header *h = folio_address(folio);

	memset(h, 0, PAGE_SIZE);
	memcpy(h->magic.magic, "SWAPSPACE2", 10);
	h->info.version = 1;
	h->info.last_page = store_pages - 1;
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

static int swapfile_activate(struct swap_info_struct *si, struct file *file, sector_t *span)
{
	*span = store_pages;
	swap_dev = si;
	return kshim_swap_activate(si);
}

static void swapfile_deactivate(struct file *file)
{
	swap_dev = NULL;
}

static const struct address_space_operations swapfile_aops = {
	.read_folio = swapfile_read_folio,
	.swap_activate = swapfile_activate,
	.swap_deactivate = swapfile_deactivate,
	KSHIM_SWAP_RW(kshim_swapfile_rw)
	.dirty_folio = noop_dirty_folio,
};

static const struct file_operations swapfile_fops = {};

bool kshim_is_swapfile(const struct file *file)
{
	return file->f_op == &swapfile_fops;
}

struct file *kshim_swapfile_open(int flags)
{
	struct inode *inode;

	if (!store)
		return ERR_PTR(-ENOENT);
	inode = kshim_new_inode(S_IFREG | 0600);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->i_mapping->a_ops = &swapfile_aops;
	i_size_write(inode, (loff_t)store_pages << PAGE_SHIFT);
	return kshim_alloc_file(inode, "swapfile", flags, &swapfile_fops);
}

int kshim_swapon(unsigned long nr_pages)
{
	if (nr_pages < 2 || store)
		return -EINVAL;
	store = host_map(0, nr_pages << PAGE_SHIFT);
	store_pages = nr_pages;
	kshim_counter_register("swap_writes", &kshim_nr_swap_writes);
	kshim_counter_register("swap_reads", &kshim_nr_swap_reads);
	return kshim_sys_swapon("/swapfile", 0);
}
