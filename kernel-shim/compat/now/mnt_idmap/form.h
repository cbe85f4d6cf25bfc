/* SPDX-License-Identifier: GPL-2.0-only */
/* A mount's mapping of ids. */
#ifndef KSHIM_FORM_MNT_IDMAP_H
#define KSHIM_FORM_MNT_IDMAP_H

#include <linux/mount.h>
#include <linux/mnt_idmapping.h>

/* Makes mnt a mount that does not map ids. */
static inline void kshim_mnt_map_no_ids(struct vfsmount *mnt)
{
	mnt->mnt_idmap = &nop_mnt_idmap;
}

#endif
