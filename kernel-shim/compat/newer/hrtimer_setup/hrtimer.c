// SPDX-License-Identifier: GPL-2.0-only
/* hrtimer_setup() and the reading of a timer's clock (kernel/time/hrtimer.c). */
#include <linux/hrtimer.h>
#include <linux/timekeeping.h>
#include <kshim/form/hrtimer_bases.h>
#include <kshim/marks.h>
#include "../../../core/sched/internal.h"

FAITHFUL(hrtimer_setup, "kernel/time/hrtimer.c kernel/time/hrtimer.c:__hrtimer_setup");
void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *), clockid_t clock,
		   enum hrtimer_mode mode)
{
	kshim_hrtimer_init(timer, clock, mode);
	ACCESS_PRIVATE(timer, function) = function;
}

FAITHFUL(hrtimer_cb_get_time, "kernel/time/hrtimer.c kernel/time/hrtimer.c:__hrtimer_cb_get_time");
ktime_t hrtimer_cb_get_time(const struct hrtimer *timer)
{
	switch (timer->base->clockid) {
	case CLOCK_REALTIME:
		return ktime_get_with_offset(TK_OFFS_REAL);
	case CLOCK_TAI:
		return ktime_get_with_offset(TK_OFFS_TAI);
	default:
		return ktime_get();
	}
}
