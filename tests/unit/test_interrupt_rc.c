// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of interrupts that are off and counted (compat/newer/possible_cpus/cpus.c has the state). */
#include <check.h>
#include "ktest_interrupt_rc.h"
#include "machine.h"
#include "suite.h"

START_TEST(interrupts_come_back_with_the_last_end)
{
	ck_assert_int_eq(ktest_interrupts_counted(), 15);
	check_clean();
}
END_TEST

static int seen[4];

static void count(long which)
{
	int n;

	seen[which] = 15;
	for (n = 0; n < 1000; n++)
		seen[which] &= ktest_interrupts_counted();
}

START_TEST(each_cpu_has_its_own_state)
{
	struct thread t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = (struct thread){ .fn = count, .arg = i };
	run_threads(t, 3);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(seen[i], 15);
	check_clean();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("interrupt_rc");
	TCase *c = tcase_create("interrupt_rc");

	tcase_add_unchecked_fixture(c, boot_machine, NULL);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, interrupts_come_back_with_the_last_end);
	tcase_add_test(c, each_cpu_has_its_own_state);
	suite_add_tcase(s, c);
	return run_suite(s);
}
