/* SPDX-License-Identifier: GPL-2.0-only */
/* The flag that there are no huge pages had another name. */
#ifndef KSHIM_FORM_THP_UNSUPPORTED_H
#define KSHIM_FORM_THP_UNSUPPORTED_H

#define TRANSPARENT_HUGEPAGE_UNSUPPORTED TRANSPARENT_HUGEPAGE_NEVER_DAX

#endif
