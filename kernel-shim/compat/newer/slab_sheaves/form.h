/* SPDX-License-Identifier: GPL-2.0-only */
/* kmem_cache_alloc_bulk() returns whether there are objects. */
#ifndef KSHIM_FORM_SLAB_SHEAVES_H
#define KSHIM_FORM_SLAB_SHEAVES_H

/* What it returns for size objects. */
#define KSHIM_BULK_RESULT(size)	(true)

#endif
