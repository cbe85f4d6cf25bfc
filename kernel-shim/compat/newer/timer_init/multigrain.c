// SPDX-License-Identifier: GPL-2.0-only
/* Time stamps of inodes that are fine where somebody has looked (kernel/time/timekeeping.c). */
#include <linux/atomic.h>
#include <linux/timekeeping.h>
#include <kshim/marks.h>

/* The last fine time stamp: a coarse one is never before it. It only grows. */
static atomic64_t floor;

FAITHFUL(ktime_get_coarse_real_ts64_mg, "kernel/time/timekeeping.c");
void ktime_get_coarse_real_ts64_mg(struct timespec64 *ts)
{
	s64 last = atomic64_read(&floor);

	ktime_get_coarse_real_ts64(ts);
	if (timespec64_to_ns(ts) < last)
		*ts = ns_to_timespec64(last);
}

/* If another CPU was faster, its stamp will do. */
FAITHFUL(ktime_get_real_ts64_mg, "kernel/time/timekeeping.c");
void ktime_get_real_ts64_mg(struct timespec64 *ts)
{
	s64 last = atomic64_read(&floor);

	ktime_get_real_ts64(ts);
	if (!atomic64_try_cmpxchg(&floor, &last, timespec64_to_ns(ts)))
		*ts = ns_to_timespec64(last);
}
