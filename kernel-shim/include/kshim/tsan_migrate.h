/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before mm/migrate.c when ThreadSanitizer checks it. migrate_pages_batch() asks without split_queue_lock
 * whether a folio waits to be split. Its comment says so, and the split checks again. migrate_folio_move() asks the
 * same inside data_race(). The other lists in that file belong to the caller alone.
 */
#ifndef KSHIM_TSAN_MIGRATE_H
#define KSHIM_TSAN_MIGRATE_H

#include <linux/list.h>

#define list_empty(head) data_race(list_empty(head))

#endif
