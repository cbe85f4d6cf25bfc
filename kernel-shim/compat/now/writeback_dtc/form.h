/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace point of balance_dirty_pages() gets each number. */
#ifndef KSHIM_FORM_WRITEBACK_DTC_H
#define KSHIM_FORM_WRITEBACK_DTC_H

#define KSHIM_BALANCE_DIRTY_PROTO \
	TP_PROTO(struct bdi_writeback *wb, unsigned long thresh, unsigned long bg_thresh, unsigned long dirty, \
		 unsigned long bdi_thresh, unsigned long bdi_dirty, unsigned long dirty_ratelimit, \
		 unsigned long task_ratelimit, unsigned long dirtied, unsigned long period, long pause, \
		 unsigned long start_time)
#define KSHIM_BALANCE_DIRTY_ARGS \
	TP_ARGS(wb, thresh, bg_thresh, dirty, bdi_thresh, bdi_dirty, dirty_ratelimit, task_ratelimit, dirtied, period, \
		pause, start_time)

#endif
