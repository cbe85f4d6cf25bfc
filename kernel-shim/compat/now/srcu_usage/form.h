/* SPDX-License-Identifier: GPL-2.0-only */
/* What belongs to a whole srcu_struct is in a structure of its own. */
#ifndef KSHIM_FORM_SRCU_USAGE_H
#define KSHIM_FORM_SRCU_USAGE_H

#include <linux/slab.h>
#include <linux/srcu.h>

typedef struct srcu_usage kshim_srcu_usage;

static inline kshim_srcu_usage *kshim_srcu_usage_of(struct srcu_struct *ssp)
{
	return ssp->srcu_sup;
}

/* Valid from kshim_srcu_usage_first() on. */
static inline struct srcu_struct *kshim_srcu_struct_of(kshim_srcu_usage *sup)
{
	return sup->srcu_ssp;
}

/* Before the first callback: a static srcu_struct was not initialised by anybody. */
static inline void kshim_srcu_usage_first(struct srcu_struct *ssp)
{
	ssp->srcu_sup->srcu_ssp = ssp;
}

/* 0 or -ENOMEM. */
static inline int kshim_srcu_usage_new(struct srcu_struct *ssp)
{
	ssp->srcu_sup = kzalloc(sizeof(*ssp->srcu_sup), GFP_KERNEL);
	if (!ssp->srcu_sup)
		return -ENOMEM;
	kshim_srcu_usage_first(ssp);
	return 0;
}

static inline void kshim_srcu_usage_free(struct srcu_struct *ssp)
{
	kfree(ssp->srcu_sup);
	ssp->srcu_sup = NULL;
}

#endif
