// SPDX-License-Identifier: GPL-2.0-only
/* kvfree_call_rcu() gets the object to free, and a head of its own type (mm/slab_common.c). */
#include <linux/rcupdate.h>
#include "../../../core/sched/internal.h"

/* A smaller head would not have room for what kshim_kvfree_rcu() needs: CONFIG_KVFREE_RCU_BATCHED is off. */
static_assert(sizeof(struct kvfree_rcu_head) >= sizeof(struct rcu_head));

void kvfree_call_rcu(struct kvfree_rcu_head *head, void *ptr)
{
	kshim_kvfree_rcu((struct rcu_head *)head, ptr);
}
