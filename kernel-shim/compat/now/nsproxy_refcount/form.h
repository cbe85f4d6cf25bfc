/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of name spaces is counted by a refcount_t. */
#ifndef KSHIM_FORM_NSPROXY_REFCOUNT_H
#define KSHIM_FORM_NSPROXY_REFCOUNT_H

#include <linux/refcount.h>

#define KSHIM_NSPROXY_COUNT(n) REFCOUNT_INIT(n)

#endif
