/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_multigrain.c (host) asks of ktest_multigrain.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_MULTIGRAIN_H
#define KTEST_MULTIGRAIN_H

#include <kshim/types.h>

/* Time stamps in ns since 1970. */
int64_t ktest_fine_stamp(void);
int64_t ktest_coarse_stamp(void);
int64_t ktest_tick_ns(void);
/* Takes n fine stamps, each with a coarse one behind it. Returns how often that was the earlier one. */
long ktest_stamps_that_go_back(int n);

#endif
