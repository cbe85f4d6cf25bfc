// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of SRCU's kinds of readers: see tests/unit/test_srcu_flavor.c. */
#include <linux/srcu.h>
#include "ktest_srcu_flavor.h"

DEFINE_STATIC_SRCU(any);
DEFINE_STATIC_SRCU_FAST(for_fast);

static struct srcu_struct *of(int fast)
{
	return fast ? &for_fast : &any;
}

void ktest_srcu_reader(int fast, enum ktest_reader kind)
{
	struct srcu_struct *s = of(fast);

	switch (kind) {
	case KTEST_NORMAL:
		srcu_read_unlock(s, srcu_read_lock(s));
		break;
	case KTEST_NMI_SAFE:
		srcu_read_unlock_nmisafe(s, srcu_read_lock_nmisafe(s));
		break;
	case KTEST_FAST:
		srcu_read_unlock_fast(s, srcu_read_lock_fast(s));
		break;
	}
}

void ktest_srcu_period(int fast)
{
	synchronize_srcu(of(fast));
}
