/* SPDX-License-Identifier: GPL-2.0-only */
/* A name space counts its references in .count. */
#ifndef KSHIM_FORM_NS_REF_H
#define KSHIM_FORM_NS_REF_H

#define KSHIM_NS_REF(n)	.count = REFCOUNT_INIT(n)

#endif
