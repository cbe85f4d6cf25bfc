// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm/page_idle.c: the file /sys/kernel/mm/page_idle/bitmap, whose functions are static. It needs a page's idle flag;
 * its own option, CONFIG_IDLE_PAGE_TRACKING, adds nothing but the file.
 */
#include <linux/kconfig.h>
#ifdef CONFIG_PAGE_IDLE_FLAG

#include "mm/page_idle.c"

#include <linux/anon_inodes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "wrap.h"

/* The word of the bitmap with the bit of a frame, for its functions. */
#define WORD_OF(pfn) ((loff_t)(pfn) / BITMAP_CHUNK_BITS * BITMAP_CHUNK_SIZE)

static ssize_t read_bits(char *buf, loff_t pos, size_t count)
{
	return page_idle_bitmap_read(NULL, NULL, &page_idle_bitmap_attr, buf, pos, count);
}

static ssize_t write_bits(char *buf, loff_t pos, size_t count)
{
	return page_idle_bitmap_write(NULL, NULL, &page_idle_bitmap_attr, buf, pos, count);
}

long kshim_page_idle(unsigned long pfn)
{
	u64 word = 0;
	ssize_t n = read_bits((char *)&word, WORD_OF(pfn), sizeof(word));

	return n < 0 ? n : word >> pfn % BITMAP_CHUNK_BITS & 1;
}

long kshim_page_set_idle(unsigned long pfn)
{
	u64 word = 1ULL << pfn % BITMAP_CHUNK_BITS;
	ssize_t n = write_bits((char *)&word, WORD_OF(pfn), sizeof(word));

	return n < 0 ? n : 0;
}

/* Like a binary file of sysfs (fs/kernfs/file.c): through a buffer of at most a page. */
static ssize_t idle_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	size_t len = min_t(size_t, count, PAGE_SIZE);
	char *buf = kmalloc(len, GFP_KERNEL);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	n = read_bits(buf, *pos, len);
	if (n > 0 && copy_to_user(to, buf, n))
		n = -EFAULT;
	if (n > 0)
		*pos += n;
	kfree(buf);
	return n;
}

static ssize_t idle_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	size_t len = min_t(size_t, count, PAGE_SIZE);
	char *buf = memdup_user(from, len);
	ssize_t n;

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	n = write_bits(buf, *pos, len);
	if (n > 0)
		*pos += n;
	kfree(buf);
	return n;
}

static const struct file_operations bitmap_fops = {
	.read = idle_read, .write = idle_write, .llseek = default_llseek,
};

struct file *kshim_open_page_idle(void)
{
	return anon_inode_getfile("page_idle", &bitmap_fops, NULL, O_RDWR);
}

#endif
