/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace point of balance_dirty_pages() gets a structure. */
#ifndef KSHIM_FORM_WRITEBACK_DTC_H
#define KSHIM_FORM_WRITEBACK_DTC_H

struct dirty_throttle_control;

#define KSHIM_BALANCE_DIRTY_PROTO \
	TP_PROTO(struct bdi_writeback *wb, struct dirty_throttle_control *dtc, unsigned long dirty_ratelimit, \
		 unsigned long task_ratelimit, unsigned long dirtied, unsigned long period, long pause, \
		 unsigned long start_time)
#define KSHIM_BALANCE_DIRTY_ARGS \
	TP_ARGS(wb, dtc, dirty_ratelimit, task_ratelimit, dirtied, period, pause, start_time)

#endif
