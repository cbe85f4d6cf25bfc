/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of mm/migrate.c when ThreadSanitizer checks it. migrate_pages_batch() asks without split_queue_lock whether a
 * folio waits to be split, and its comment says so; the split looks again. migrate_folio_move() asks the same within
 * data_race(). The other lists there are the caller's own.
 */
#ifndef KSHIM_TSAN_MIGRATE_H
#define KSHIM_TSAN_MIGRATE_H

#include <linux/list.h>

#define list_empty(head) data_race(list_empty(head))

#endif
