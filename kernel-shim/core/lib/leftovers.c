// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small parts of subsystems that are not modelled (block plugging, perf, the overflow ids of kernel/sys.c), and the
 * state of a kernel that is up.
 */
#include <linux/blkdev.h>
#include <linux/highuid.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <kshim/marks.h>

REDUCED(system_state, "init/main.c", "SYSTEM_RUNNING from the start");
enum system_states system_state = SYSTEM_RUNNING;

FAITHFUL(static_key_initialized, "init/main.c");
bool static_key_initialized = true;

FAITHFUL(overflowuid, "kernel/sys.c");
int overflowuid = DEFAULT_OVERFLOWUID;
FAITHFUL(overflowgid, "kernel/sys.c");
int overflowgid = DEFAULT_OVERFLOWGID;

INERT_VOID(blk_start_plug, "block/blk-core.c", "a plug batches requests to block devices, and there are none");
INERT_VOID(blk_finish_plug, "block/blk-core.c", "a plug batches requests to block devices, and there are none");

#ifdef CONFIG_PERF_EVENTS
INERT_VOID(perf_event_mmap, "kernel/events/core.c", "no perf event is open that could record it");

FAITHFUL(perf_swevent_enabled, "kernel/events/core.c");
struct static_key perf_swevent_enabled[PERF_COUNT_SW_MAX];

INERT_VOID(__perf_sw_event, "kernel/events/core.c", "no software event is enabled");
#endif
