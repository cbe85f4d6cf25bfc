// SPDX-License-Identifier: GPL-2.0-only
/* kvfree_call_rcu() of kernel/rcu/tree.c gets the object to free. */
#include <linux/rcupdate.h>
#include "../../../core/sched/internal.h"

void kvfree_call_rcu(struct rcu_head *head, void *ptr)
{
	kshim_kvfree_rcu(head, ptr);
}
