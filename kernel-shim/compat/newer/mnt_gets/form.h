/* SPDX-License-Identifier: GPL-2.0-only */
/* References are two counts for each CPU. A superblock links its mounts by pointers. Include "fs/mount.h" before. */
#ifndef KSHIM_FORM_MNT_GETS_H
#define KSHIM_FORM_MNT_GETS_H

/* For __mnt_is_readonly(). */
#define KSHIM_MNT_CONST const

static inline void kshim_mnt_get(struct mount *mnt)
{
	this_cpu_add(mnt->mnt_pcp->mnt_gets, 1);
}

static inline void kshim_mnt_put(struct mount *mnt)
{
	this_cpu_add(mnt->mnt_pcp->mnt_puts, 1);
}

static inline int kshim_mnt_count_on(struct mount *mnt, int cpu)
{
	struct mnt_pcp *p = per_cpu_ptr(mnt->mnt_pcp, cpu);

	return p->mnt_gets - p->mnt_puts;
}

/* On no list of its superblock: both pointers are NULL. */
static inline void kshim_mnt_unlisted(struct mount *mnt)
{
}

#endif
