// SPDX-License-Identifier: GPL-2.0-only
/* kvfree_call_rcu() of kernel/rcu/tree.c got the offset of head in the object to free; without head, the object. */
#include <linux/rcupdate.h>
#include "../../../core/sched/internal.h"

void kvfree_call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	kshim_kvfree_rcu(head, (void *)head + (head ? -(unsigned long)func : (unsigned long)func));
}
