/* SPDX-License-Identifier: GPL-2.0-only */
/* kmem_cache_alloc_bulk() returns the number of objects, or 0. */
#ifndef KSHIM_FORM_SLAB_SHEAVES_H
#define KSHIM_FORM_SLAB_SHEAVES_H

/* What it returns for size objects. */
#define KSHIM_BULK_RESULT(size)	(size)

#endif
