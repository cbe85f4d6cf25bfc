// SPDX-License-Identifier: GPL-2.0-only
/* local_clock() is a function where the clocks of CPUs may differ, and inline elsewhere (kernel/sched/clock.c). */
#include <linux/sched/clock.h>
#include <kshim/marks.h>

#ifdef CONFIG_HAVE_UNSTABLE_SCHED_CLOCK
FAITHFUL(local_clock, "kernel/sched/clock.c");
u64 local_clock(void)
{
	return sched_clock();
}
#endif
