/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of name spaces was counted by an atomic_t. */
#ifndef KSHIM_FORM_NSPROXY_REFCOUNT_H
#define KSHIM_FORM_NSPROXY_REFCOUNT_H

#include <linux/atomic.h>

#define KSHIM_NSPROXY_COUNT(n) ATOMIC_INIT(n)

#endif
