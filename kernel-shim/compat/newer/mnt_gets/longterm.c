// SPDX-License-Identifier: GPL-2.0-only
/* Mounts that the kernel keeps for itself have a call of their own. */
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <kshim/marks.h>

REDUCED(fc_mount_longterm, "fs/namespace.c", "every mount is internal already");
struct vfsmount *fc_mount_longterm(struct fs_context *fc)
{
	return fc_mount(fc);
}
