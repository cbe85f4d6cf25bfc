// SPDX-License-Identifier: GPL-2.0-only
/* The trace points of linux/sched.h (kernel/sched/core.c). */
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <kshim/marks.h>

FAITHFUL(__tracepoint_sched_set_state_tp, "-");
DEFINE_TRACE(sched_set_state_tp, TP_PROTO(struct task_struct *tsk, int state), TP_ARGS(tsk, state));
FAITHFUL(__tracepoint_sched_set_need_resched_tp, "-");
DEFINE_TRACE(sched_set_need_resched_tp, TP_PROTO(struct task_struct *tsk, int cpu, int tif), TP_ARGS(tsk, cpu, tif));

INERT_VOID(__trace_set_current_state, "kernel/sched/core.c", "nobody enables the trace point");
INERT_VOID(__trace_set_need_resched, "kernel/sched/core.c", "nobody enables the trace point");
