// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wait primitives of kernel/sched: wait queues, bit waits, simple wait queues and completions. They are one TU,
 * like in kernel/sched/build_utility.c, because they need kernel/sched/sched.h. The scheduler under them (schedule(),
 * try_to_wake_up()) is core/sched/sched.c.
 */
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/sched/debug.h>
#include <linux/sched/isolation.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/mm.h>
#include <linux/sched/nohz.h>
#include <linux/sched/rseq_api.h>
#include <linux/sched/task_stack.h>
#include <linux/swait_api.h>
#include <linux/wait_api.h>
#include <linux/workqueue_api.h>

#include "kernel/sched/sched.h"
#include "kernel/sched/stats.h"

#include "kernel/sched/swait.c"
#include "kernel/sched/wait.c"
#include "kernel/sched/wait_bit.c"
#include "kernel/sched/completion.c"
