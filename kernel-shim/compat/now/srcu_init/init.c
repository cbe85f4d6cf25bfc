// SPDX-License-Identifier: GPL-2.0-only
/* What init_srcu_struct() calls (kernel/rcu/srcutree.c). */
#include <linux/srcu.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

FAITHFUL(__init_srcu_struct, "kernel/rcu/srcutree.c kernel/rcu/srcutree.c:init_srcu_struct_fields");
int __init_srcu_struct(struct srcu_struct *ssp, const char *name, struct lock_class_key *key)
{
	return kshim_srcu_init(ssp, name, key);
}
