/* SPDX-License-Identifier: GPL-2.0-only */
/* The two sets of readers are structures, and a pointer says which one is current. */
#ifndef KSHIM_FORM_SRCU_CTR_H
#define KSHIM_FORM_SRCU_CTR_H

#include <linux/percpu.h>
#include <linux/srcu.h>

static inline atomic_long_t *kshim_srcu_locks(struct srcu_struct *ssp, int cpu, int idx)
{
	return &per_cpu_ptr(ssp->sda, cpu)->srcu_ctrs[idx].srcu_locks;
}

static inline atomic_long_t *kshim_srcu_unlocks(struct srcu_struct *ssp, int cpu, int idx)
{
	return &per_cpu_ptr(ssp->sda, cpu)->srcu_ctrs[idx].srcu_unlocks;
}

/* The set that new readers use: 0 or 1. */
static inline int kshim_srcu_idx(struct srcu_struct *ssp)
{
	return __srcu_ptr_to_ctr(ssp, READ_ONCE(ssp->srcu_ctrp));
}

static inline void kshim_srcu_flip(struct srcu_struct *ssp)
{
	WRITE_ONCE(ssp->srcu_ctrp, &ssp->sda->srcu_ctrs[!kshim_srcu_idx(ssp)]);
}

static inline void kshim_srcu_first_idx(struct srcu_struct *ssp)
{
	ssp->srcu_ctrp = &ssp->sda->srcu_ctrs[0];
}

#endif
