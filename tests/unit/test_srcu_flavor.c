// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the check that all readers of a srcu_struct are of one kind (compat/newer/srcu_usage/flavor.c). */
#include <check.h>
#include <string.h>
#include "ktest_srcu_flavor.h"
#include "machine.h"
#include "suite.h"

START_TEST(one_kind_is_right)
{
	static const struct {
		int fast;
		enum ktest_reader kind;
	} right[] = { { 0, KTEST_NORMAL }, { 0, KTEST_NMI_SAFE }, { 1, KTEST_FAST } };
	int i;

	for (i = 0; i < 2; i++) {
		ktest_srcu_reader(right[_i].fast, right[_i].kind);
		ktest_srcu_period(right[_i].fast);
	}
	check_clean();
}
END_TEST

START_TEST(two_kinds_are_not)
{
	ktest_srcu_reader(0, _i ? KTEST_NMI_SAFE : KTEST_NORMAL);
	ck_assert_int_eq(reports[KVMSIM_WARN], 0);
	ktest_srcu_reader(0, _i ? KTEST_NORMAL : KTEST_NMI_SAFE);
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
	ck_assert_msg(strstr(texts, _i ? "old state 2 new state 1" : "old state 1 new state 2"), "%s", texts);
}
END_TEST

/* A reader that needs no memory barrier must be announced in the srcu_struct. */
START_TEST(a_fast_reader_of_a_common_srcu_struct)
{
	ktest_srcu_reader(0, KTEST_FAST);
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

/* It says so once where it comes and, for another reason, once where it goes. */
START_TEST(another_reader_of_a_fast_srcu_struct)
{
	ktest_srcu_reader(1, _i ? KTEST_NMI_SAFE : KTEST_NORMAL);
	ck_assert_int_eq(reports[KVMSIM_WARN], 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("srcu_flavor");
	TCase *c = tcase_create("srcu_flavor");

	tcase_add_unchecked_fixture(c, boot_machine, NULL);
	tcase_add_loop_test(c, one_kind_is_right, 0, 3);
	tcase_add_loop_test(c, two_kinds_are_not, 0, 2);
	tcase_add_test(c, a_fast_reader_of_a_common_srcu_struct);
	tcase_add_loop_test(c, another_reader_of_a_fast_srcu_struct, 0, 2);
	suite_add_tcase(s, c);
	return run_suite(s);
}
