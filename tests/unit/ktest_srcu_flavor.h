/* SPDX-License-Identifier: GPL-2.0-only */
/* What test_srcu_flavor.c (host) asks of ktest_srcu_flavor.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_SRCU_FLAVOR_H
#define KTEST_SRCU_FLAVOR_H

#include <kshim/types.h>

/* A reader of a srcu_struct for any readers (fast 0) or for fast ones (1); each enters and leaves. */
enum ktest_reader { KTEST_NORMAL, KTEST_NMI_SAFE, KTEST_FAST };
void ktest_srcu_reader(int fast, enum ktest_reader kind);
/* A grace period of the same srcu_struct. */
void ktest_srcu_period(int fast);

#endif
