/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to core/sched/workqueue.c (work items that wait to run) and core/sched/work_run.c (those that run). */
#ifndef KSHIM_CORE_WORKQUEUE_H
#define KSHIM_CORE_WORKQUEUE_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/workqueue.h>
#include "internal.h"

#define KSHIM_WQ_NAME_LEN 32

struct workqueue_struct {
	struct list_head node;
	unsigned long number;
	unsigned int flags;
	int max_active;
	unsigned int nr_pending, nr_running;
	char name[KSHIM_WQ_NAME_LEN];
	struct lock_class_key key;
	struct lockdep_map lockdep_map;
};

/* Guards workqueues, items and runs. The functions here are called with it held unless they say otherwise. */
extern struct host_lock kshim_work_lock;
extern struct list_head kshim_work_items;	/* work_struct.entry of pending items, oldest first */

static inline bool kshim_wq_is_ordered(struct workqueue_struct *wq)
{
	return wq->max_active == 1;
}

/* Tells lockdep about a flush of the item. Called without the lock. */
static inline void kshim_work_touch_lockdep(struct work_struct *work)
{
	lock_map_acquire(&work->lockdep_map);
	lock_map_release(&work->lockdep_map);
}

/* The workqueue of a pending item. */
struct workqueue_struct *kshim_wq_of(struct work_struct *work);
/* The CPU that a pending item will run on. */
unsigned int kshim_work_cpu(struct work_struct *work);
/* Returns whether it is on kshim_work_items. */
bool kshim_work_queued(struct work_struct *work);
void kshim_work_unqueue(struct work_struct *work);

/* --- work_run.c --- */
/* Waits for the current run of this item. Returns false if there is none. Called without the lock. */
bool kshim_work_wait(struct work_struct *work);
void kshim_work_run_boot(void);
/* Runs an item, or continues one that slept and was woken. Returns whether there was one. */
bool kshim_work_run_one(void);
bool kshim_work_pending(void);

#endif
