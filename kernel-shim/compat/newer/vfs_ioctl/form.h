/* SPDX-License-Identifier: GPL-2.0-only */
/* vfs_ioctl() of fs/ioctl.c is static; ftruncate(2) has flags. Include "fs/internal.h" before. */
#ifndef KSHIM_FORM_VFS_IOCTL_H
#define KSHIM_FORM_VFS_IOCTL_H

#include <linux/fs.h>
#include <linux/syscalls.h>
static inline long kshim_vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret = -ENOIOCTLCMD;

	if (file->f_op->unlocked_ioctl)
		ret = file->f_op->unlocked_ioctl(file, cmd, arg);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/* Like ftruncate64(2): no O_LARGEFILE is needed. */
static inline long kshim_sys_ftruncate(unsigned int fd, loff_t length)
{
	return ksys_ftruncate(fd, length, FTRUNCATE_LFS);
}

#endif
