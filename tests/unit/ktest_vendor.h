/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_vendor.c (host) asks of ktest_vendor.c (kernel): plain strings and numbers only. */
#ifndef KTEST_VENDOR_H
#define KTEST_VENDOR_H

#include <kshim/types.h>

/* How many operations the kernel must have that the modelled vendor module has not, after kvm_load(). */
int ktest_vendor_missing(void);
/* Calls an operation that is not modelled. Returns its name if the call comes back, or NULL: there is no such one. */
const char *ktest_vendor_call(unsigned int i);

#endif
