// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of inodes' time stamps: see tests/unit/test_multigrain.c. */
#include <linux/jiffies.h>
#include <linux/timekeeping.h>
#include "ktest_multigrain.h"

int64_t ktest_fine_stamp(void)
{
	struct timespec64 ts;

	ktime_get_real_ts64_mg(&ts);
	return timespec64_to_ns(&ts);
}

int64_t ktest_coarse_stamp(void)
{
	struct timespec64 ts;

	ktime_get_coarse_real_ts64_mg(&ts);
	return timespec64_to_ns(&ts);
}

int64_t ktest_tick_ns(void)
{
	return TICK_NSEC;
}

long ktest_stamps_that_go_back(int n)
{
	int64_t fine;
	long bad = 0;

	while (n--) {
		fine = ktest_fine_stamp();
		bad += ktest_coarse_stamp() < fine;
	}
	return bad;
}
