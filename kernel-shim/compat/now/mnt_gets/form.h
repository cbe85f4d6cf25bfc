/* SPDX-License-Identifier: GPL-2.0-only */
/* References are one count for each CPU, and a superblock has a list of its mounts. Include "fs/mount.h" before. */
#ifndef KSHIM_FORM_MNT_GETS_H
#define KSHIM_FORM_MNT_GETS_H

/* For __mnt_is_readonly(). */
#define KSHIM_MNT_CONST

static inline void kshim_mnt_get(struct mount *mnt)
{
	this_cpu_add(mnt->mnt_pcp->mnt_count, 1);
}

static inline void kshim_mnt_put(struct mount *mnt)
{
	this_cpu_add(mnt->mnt_pcp->mnt_count, -1);
}

static inline int kshim_mnt_count_on(struct mount *mnt, int cpu)
{
	return per_cpu_ptr(mnt->mnt_pcp, cpu)->mnt_count;
}

/* On no list of its superblock. */
static inline void kshim_mnt_unlisted(struct mount *mnt)
{
	INIT_LIST_HEAD(&mnt->mnt_instance);
}

#endif
