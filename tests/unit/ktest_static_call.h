/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_static_call.c (host) asks of ktest_static_call.c (kernel): plain numbers only. */
#ifndef KTEST_STATIC_CALL_H
#define KTEST_STATIC_CALL_H

#include <kshim/types.h>

enum ktest_target { KTEST_NO_FUNCTION, KTEST_ADD_1, KTEST_ADD_10 };
/* Directs a static call, which is directed nowhere at first, to one of these. */
void ktest_static_call_update(enum ktest_target target);
/* Calls it. Returns what the functions have added up so far. */
int ktest_static_call(void);
int ktest_static_call_cond(void);

#endif
