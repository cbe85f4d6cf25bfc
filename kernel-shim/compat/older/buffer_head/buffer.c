// SPDX-License-Identifier: GPL-2.0-only
/* Buffers of block devices could not be left out of the kernel (fs/buffer.c). */
#include <linux/buffer_head.h>
#include <kshim/marks.h>

INERT_VOID(invalidate_bh_lrus_cpu, "fs/buffer.c", "there are no buffers");

FAITHFUL(has_bh_in_lru, "fs/buffer.c");
bool has_bh_in_lru(int cpu, void *dummy)
{
	return false;	/* no buffer is ever made */
}

FAITHFUL(inode_has_buffers, "fs/buffer.c");
int inode_has_buffers(struct inode *inode)
{
	return !list_empty(&inode->i_data.private_list);
}
