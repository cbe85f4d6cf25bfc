/* SPDX-License-Identifier: GPL-2.0-only */
/* The folios that are to be split are in a list_lru, which hugepage_init() makes. */
#ifndef KSHIM_FORM_SPLIT_QUEUE_H
#define KSHIM_FORM_SPLIT_QUEUE_H

#include <linux/mmzone.h>

static inline void kshim_init_split_queue(struct pglist_data *pgdat)
{
}

#endif
