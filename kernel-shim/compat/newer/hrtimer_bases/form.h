/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock bases of timers have a header of their own. */
#include <linux/hrtimer_bases.h>
