/* SPDX-License-Identifier: GPL-2.0-only */
/* folio_isolate_lru() returned 0 or an error. */
#ifndef KSHIM_FORM_ISOLATE_LRU_BOOL_H
#define KSHIM_FORM_ISOLATE_LRU_BOOL_H

#include "mm/internal.h"

#define folio_isolate_lru(folio) (!folio_isolate_lru(folio))

#endif
