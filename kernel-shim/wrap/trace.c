// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events that the linked kernel files use and none of them creates. In the kernel they come from
 * mm/slab_common.c (kmem), kernel/smp.c (ipi) and fs/fs-writeback.c (writeback; that header cannot be expanded
 * elsewhere, so its events appear as bare tracepoints).
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/writeback.h>
#include "mm/slab.h"
#include <trace/events/writeback.h>
#include <kshim/form/writeback_dtc.h>

DEFINE_TRACE(balance_dirty_pages, KSHIM_BALANCE_DIRTY_PROTO, KSHIM_BALANCE_DIRTY_ARGS);
DEFINE_TRACE(bdi_dirty_ratelimit,
	     TP_PROTO(struct bdi_writeback *wb, unsigned long dirty_rate, unsigned long task_ratelimit),
	     TP_ARGS(wb, dirty_rate, task_ratelimit));
DEFINE_TRACE(folio_wait_writeback,
	     TP_PROTO(struct folio *folio, struct address_space *mapping), TP_ARGS(folio, mapping));
DEFINE_TRACE(global_dirty_state,
	     TP_PROTO(unsigned long background_thresh, unsigned long dirty_thresh),
	     TP_ARGS(background_thresh, dirty_thresh));
DEFINE_TRACE(wbc_writepage,
	     TP_PROTO(struct writeback_control *wbc, struct backing_dev_info *bdi), TP_ARGS(wbc, bdi));

#define CREATE_TRACE_POINTS
#include <trace/events/kmem.h>
#include <trace/events/ipi.h>
