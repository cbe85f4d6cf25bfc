// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty inodes without write-back: no file system here has a backing store, so no inode is ever on a write-back list.
 *
 * Stands for fs/fs-writeback.c. Dirty state is kept in i_state, as there. fs/inode.c does all the rest.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/writeback.h>
#include <trace/events/writeback.h>
#include <kshim/form/inode_state.h>
#include <kshim/marks.h>

/* The kernel defines it in fs/fs-writeback.c and uses it in fs/inode.c; a bare tracepoint, like in wrap/trace.c. */
DEFINE_TRACE(writeback_lazytime_iput, TP_PROTO(struct inode *inode), TP_ARGS(inode));

/* The real one puts only hashed inodes on a list; those of pseudo file systems and of shmem are not hashed. */
REDUCED(__mark_inode_dirty, "fs/fs-writeback.c", "no write-back lists");
void __mark_inode_dirty(struct inode *inode, int flags)
{
	spin_lock(&inode->i_lock);
	if (flags & I_DIRTY_INODE && inode_state_read(inode) & I_DIRTY_TIME) {
		inode_state_clear(inode, I_DIRTY_TIME);
		flags |= I_DIRTY_TIME;
	}
	spin_unlock(&inode->i_lock);
	if (flags & I_DIRTY_INODE) {
		if (inode->i_sb->s_op->dirty_inode)
			inode->i_sb->s_op->dirty_inode(inode, flags & (I_DIRTY_INODE | I_DIRTY_TIME));
		flags &= ~I_DIRTY_TIME;
	}
	spin_lock(&inode->i_lock);
	inode_state_set(inode, flags);
	spin_unlock(&inode->i_lock);
}

INERT_VOID(inode_io_list_del, "fs/fs-writeback.c", "no inode is on a write-back list");
INERT_VOID(inode_wait_for_writeback, "fs/fs-writeback.c", "no inode is ever under write-back");

REDUCED(write_inode_now, "fs/fs-writeback.c", "clears the dirty state: there is nowhere to write to");
int write_inode_now(struct inode *inode, int sync)
{
	spin_lock(&inode->i_lock);
	inode_state_clear(inode, I_DIRTY_ALL);
	spin_unlock(&inode->i_lock);
	return 0;
}

FAITHFUL(sb_mark_inode_writeback, "fs/fs-writeback.c");
void sb_mark_inode_writeback(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	unsigned long flags;

	spin_lock_irqsave(&sb->s_inode_wblist_lock, flags);
	if (list_empty(&inode->i_wb_list))
		list_add_tail(&inode->i_wb_list, &sb->s_inodes_wb);
	spin_unlock_irqrestore(&sb->s_inode_wblist_lock, flags);
}

FAITHFUL(sb_clear_inode_writeback, "fs/fs-writeback.c");
void sb_clear_inode_writeback(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	unsigned long flags;

	spin_lock_irqsave(&sb->s_inode_wblist_lock, flags);
	list_del_init(&inode->i_wb_list);
	spin_unlock_irqrestore(&sb->s_inode_wblist_lock, flags);
}

INERT_VOID(wb_start_background_writeback, "fs/fs-writeback.c",
	   "there is no flusher thread: nothing has a backing store");
INERT_VOID(wakeup_flusher_threads, "fs/fs-writeback.c", "there is no flusher thread: nothing has a backing store");
