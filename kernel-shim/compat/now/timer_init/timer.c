// SPDX-License-Identifier: GPL-2.0-only
/* What timer_setup() calls (kernel/time/timer.c). */
#include <linux/timer.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

FAITHFUL(init_timer_key, "kernel/time/timer.c");
void init_timer_key(struct timer_list *timer, void (*func)(struct timer_list *), unsigned int flags, const char *name,
		    struct lock_class_key *key)
{
	kshim_timer_init(timer, func, flags, name, key);
}
