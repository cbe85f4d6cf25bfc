/* SPDX-License-Identifier: GPL-2.0-only */
/* folio_isolate_lru() returned 0 or an error. */
#ifndef KSHIM_FORM_ISOLATE_LRU_BOOL_H
#define KSHIM_FORM_ISOLATE_LRU_BOOL_H

#include <linux/build_bug.h>
#include "mm/internal.h"

/* Returns whether the folio was on a list of the LRU. */
static inline bool kshim_folio_isolate(struct folio *folio)
{
	static_assert(__same_type(folio_isolate_lru(folio), int));
	return !folio_isolate_lru(folio);
}

#endif
