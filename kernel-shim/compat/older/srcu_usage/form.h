/* SPDX-License-Identifier: GPL-2.0-only */
/* What belongs to a whole srcu_struct was in the srcu_struct itself. */
#ifndef KSHIM_FORM_SRCU_USAGE_H
#define KSHIM_FORM_SRCU_USAGE_H

#include <linux/srcu.h>

#define SRCU_GP_SEQ_INITIAL_VAL 0UL

typedef struct srcu_struct kshim_srcu_usage;

static inline kshim_srcu_usage *kshim_srcu_usage_of(struct srcu_struct *ssp)
{
	return ssp;
}

static inline struct srcu_struct *kshim_srcu_struct_of(kshim_srcu_usage *sup)
{
	return sup;
}

static inline void kshim_srcu_usage_first(struct srcu_struct *ssp)
{
}

static inline int kshim_srcu_usage_new(struct srcu_struct *ssp)
{
	return 0;
}

static inline void kshim_srcu_usage_free(struct srcu_struct *ssp)
{
}

#endif
