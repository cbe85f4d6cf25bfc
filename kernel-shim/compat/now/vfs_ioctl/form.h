/* SPDX-License-Identifier: GPL-2.0-only */
/* The insides of ioctl(2) and ftruncate(2) are functions that others may call. Include "fs/internal.h" before. */
#ifndef KSHIM_FORM_VFS_IOCTL_H
#define KSHIM_FORM_VFS_IOCTL_H

#include <linux/fs.h>
static inline long kshim_vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vfs_ioctl(file, cmd, arg);
}

/* Like ftruncate64(2): no O_LARGEFILE is needed. */
static inline long kshim_sys_ftruncate(unsigned int fd, loff_t length)
{
	return do_sys_ftruncate(fd, length, 0);
}

#endif
