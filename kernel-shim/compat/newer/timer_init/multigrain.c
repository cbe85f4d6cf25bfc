// SPDX-License-Identifier: GPL-2.0-only
/* Time stamps of inodes that are fine where somebody has looked (kernel/time/timekeeping.c). */
#include <linux/timekeeping.h>
#include <kshim/marks.h>

/* The last fine time stamp: a coarse one is never before it. */
static s64 floor;

FAITHFUL(ktime_get_coarse_real_ts64_mg, "kernel/time/timekeeping.c");
void ktime_get_coarse_real_ts64_mg(struct timespec64 *ts)
{
	s64 last = __atomic_load_n(&floor, __ATOMIC_RELAXED);

	ktime_get_coarse_real_ts64(ts);
	if (timespec64_to_ns(ts) < last)
		*ts = ns_to_timespec64(last);
}

FAITHFUL(ktime_get_real_ts64_mg, "kernel/time/timekeeping.c");
void ktime_get_real_ts64_mg(struct timespec64 *ts)
{
	ktime_get_real_ts64(ts);
	__atomic_store_n(&floor, timespec64_to_ns(ts), __ATOMIC_RELAXED);
}
