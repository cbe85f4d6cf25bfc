/* SPDX-License-Identifier: GPL-2.0-only */
/* The flags of a page are a number. */
#ifndef KSHIM_FORM_PAGE_FLAGS_F_H
#define KSHIM_FORM_PAGE_FLAGS_F_H

#define KSHIM_PAGE_FLAGS(page)	((page)->flags)

#endif
