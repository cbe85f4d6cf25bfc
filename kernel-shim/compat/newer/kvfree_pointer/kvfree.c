// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvfree_call_rcu() gets the object to free, and a head of its own type; the barrier is a function
 * (mm/slab_common.c).
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

/* A smaller head would not have room for what kshim_kvfree_rcu() needs: CONFIG_KVFREE_RCU_BATCHED is off. */
static_assert(sizeof(struct kvfree_rcu_head) >= sizeof(struct rcu_head));

void kvfree_call_rcu(struct kvfree_rcu_head *head, void *ptr)
{
	kshim_kvfree_rcu((struct rcu_head *)head, ptr);
}

/* kvfree_call_rcu() puts what it frees behind the callbacks (core/sched/rcu.c). */
FAITHFUL(kvfree_rcu_barrier, "mm/slab_common.c");
void kvfree_rcu_barrier(void)
{
	rcu_barrier();
}
