// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of static calls: see tests/unit/test_static_call.c. */
#include <linux/static_call.h>
#include "ktest_static_call.h"

static int sum;

static void add_1(int times)
{
	sum += times;
}

static void add_10(int times)
{
	sum += 10 * times;
}

DEFINE_STATIC_CALL_NULL(ktest_add, add_1);

void ktest_static_call_update(enum ktest_target target)
{
	static_call_update(ktest_add, target == KTEST_ADD_1 ? add_1 : target == KTEST_ADD_10 ? add_10 : NULL);
}

int ktest_static_call(void)
{
	static_call(ktest_add)(1);
	return sum;
}

int ktest_static_call_cond(void)
{
	static_call_cond(ktest_add)(1);
	return sum;
}
