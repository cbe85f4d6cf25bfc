/* SPDX-License-Identifier: GPL-2.0-only */
/* A node has a queue of the folios that are to be split. */
#ifndef KSHIM_FORM_SPLIT_QUEUE_H
#define KSHIM_FORM_SPLIT_QUEUE_H

#include <linux/mmzone.h>

static inline void kshim_init_split_queue(struct pglist_data *pgdat)
{
	spin_lock_init(&pgdat->deferred_split_queue.split_queue_lock);
	INIT_LIST_HEAD(&pgdat->deferred_split_queue.split_queue);
}

#endif
