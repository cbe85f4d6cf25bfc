/* SPDX-License-Identifier: GPL-2.0-only */
/* The two sets of readers are counted in arrays, and a number says which one is current. */
#ifndef KSHIM_FORM_SRCU_CTR_H
#define KSHIM_FORM_SRCU_CTR_H

#include <linux/percpu.h>
#include <linux/srcu.h>

static inline atomic_long_t *kshim_srcu_locks(struct srcu_struct *ssp, int cpu, int idx)
{
	return (atomic_long_t *)&per_cpu_ptr(ssp->sda, cpu)->srcu_lock_count[idx];
}

static inline atomic_long_t *kshim_srcu_unlocks(struct srcu_struct *ssp, int cpu, int idx)
{
	return (atomic_long_t *)&per_cpu_ptr(ssp->sda, cpu)->srcu_unlock_count[idx];
}

/* The set that new readers use: 0 or 1. */
static inline int kshim_srcu_idx(struct srcu_struct *ssp)
{
	return READ_ONCE(ssp->srcu_idx) & 1;
}

static inline void kshim_srcu_flip(struct srcu_struct *ssp)
{
	WRITE_ONCE(ssp->srcu_idx, ssp->srcu_idx + 1);
}

static inline void kshim_srcu_first_idx(struct srcu_struct *ssp)
{
	ssp->srcu_idx = 0;
}

#endif
