/* SPDX-License-Identifier: GPL-2.0-only */
/* mm/page_alloc.h has the general call for pages and what is between the files of mm. */
#ifndef KSHIM_FORM_PAGE_ALLOC_HEADER_H
#define KSHIM_FORM_PAGE_ALLOC_HEADER_H

#include <linux/gfp.h>
#include "mm/internal.h"
#include "mm/page_alloc.h"

/* For warn_alloc(). */
#define KSHIM_WARN_ALLOC_CONST const

#endif
