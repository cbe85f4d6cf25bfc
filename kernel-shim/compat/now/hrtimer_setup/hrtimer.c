// SPDX-License-Identifier: GPL-2.0-only
/* hrtimer_init() of kernel/time/hrtimer.c. */
#include <linux/hrtimer.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

FAITHFUL(hrtimer_init, "kernel/time/hrtimer.c kernel/time/hrtimer.c:__hrtimer_init");
void hrtimer_init(struct hrtimer *timer, clockid_t clock, enum hrtimer_mode mode)
{
	kshim_hrtimer_init(timer, clock, mode);
}
