/* SPDX-License-Identifier: GPL-2.0-only */
/* An inode's times were plain members. */
#define simple_inode_init_ts(inode) \
	((inode)->i_atime = (inode)->i_mtime = (inode)->i_ctime = current_time(inode))
