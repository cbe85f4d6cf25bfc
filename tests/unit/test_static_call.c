// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of static calls (kernel-shim/include/common/linux/static_call.h), which may be directed nowhere. */
#include <check.h>
#include "ktest_static_call.h"
#include "machine.h"
#include "suite.h"

START_TEST(a_call_goes_where_it_is_directed)
{
	ktest_static_call_update(KTEST_ADD_1);
	ck_assert_int_eq(ktest_static_call(), 1);
	ktest_static_call_update(KTEST_ADD_10);
	ck_assert_int_eq(ktest_static_call(), 11);
	ck_assert_int_eq(ktest_static_call_cond(), 21);
}
END_TEST

START_TEST(a_call_that_was_never_directed_does_nothing)
{
	ck_assert_int_eq(ktest_static_call(), 0);
	ck_assert_int_eq(ktest_static_call_cond(), 0);
}
END_TEST

START_TEST(a_call_that_is_directed_nowhere_does_nothing)
{
	ktest_static_call_update(KTEST_ADD_1);
	ktest_static_call_update(KTEST_NO_FUNCTION);
	ck_assert_int_eq(ktest_static_call(), 0);
	ck_assert_int_eq(ktest_static_call_cond(), 0);
	ktest_static_call_update(KTEST_ADD_10);
	ck_assert_int_eq(ktest_static_call(), 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("static_call");
	TCase *c = tcase_create("static_call");

	tcase_add_unchecked_fixture(c, boot_machine, NULL);
	tcase_add_test(c, a_call_goes_where_it_is_directed);
	tcase_add_test(c, a_call_that_was_never_directed_does_nothing);
	tcase_add_test(c, a_call_that_is_directed_nowhere_does_nothing);
	suite_add_tcase(s, c);
	return run_suite(s);
}
