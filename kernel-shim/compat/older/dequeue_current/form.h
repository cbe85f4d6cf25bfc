/* SPDX-License-Identifier: GPL-2.0-only */
/* dequeue_signal() had the task as an argument, which was always the current one. */
#ifndef KSHIM_FORM_DEQUEUE_CURRENT_H
#define KSHIM_FORM_DEQUEUE_CURRENT_H

#include <linux/sched/signal.h>

#define dequeue_signal(mask, info, type) dequeue_signal(current, mask, info, type)

#endif
