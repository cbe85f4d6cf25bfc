/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock bases of timers come with linux/hrtimer.h. */
#include <linux/hrtimer.h>
