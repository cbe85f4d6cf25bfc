/* SPDX-License-Identifier: GPL-2.0-only */
/* What a page is migrated for. */
#ifndef KSHIM_FORM_MIGRATE_REASON_H
#define KSHIM_FORM_MIGRATE_REASON_H

#include "mm/internal.h"

#define KSHIM_MIGRATION_TARGET(why) { .nid = NUMA_NO_NODE, .gfp_mask = GFP_HIGHUSER_MOVABLE, .reason = (why) }

#endif
