/* SPDX-License-Identifier: GPL-2.0-only */
/* linux/gfp.h has the general call for pages, mm/internal.h what is between the files of mm. */
#ifndef KSHIM_FORM_PAGE_ALLOC_HEADER_H
#define KSHIM_FORM_PAGE_ALLOC_HEADER_H

#include <linux/gfp.h>

/* For warn_alloc(). */
#define KSHIM_WARN_ALLOC_CONST

#endif
