/* SPDX-License-Identifier: GPL-2.0-only */
/* i_state is a number; later kernels read and change it with these functions. */
#ifndef KSHIM_FORM_INODE_STATE_H
#define KSHIM_FORM_INODE_STATE_H

#include <linux/fs.h>

static inline unsigned long inode_state_read(struct inode *inode)
{
	return inode->i_state;
}

static inline void inode_state_set(struct inode *inode, unsigned long flags)
{
	inode->i_state |= flags;
}

static inline void inode_state_clear(struct inode *inode, unsigned long flags)
{
	inode->i_state &= ~flags;
}

#endif
