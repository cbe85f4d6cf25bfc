// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of inodes' time stamps (kernel-shim/compat/newer/timer_init/multigrain.c). */
#include <check.h>
#include "ktest_multigrain.h"
#include "machine.h"
#include "suite.h"

#define STAMPS 500000

/* To the middle of a tick. */
static void next_tick(void)
{
	int64_t tick = ktest_tick_ns();

	kvmsim_machine.advance_time(tick + tick / 2 - ktest_fine_stamp() % tick);
}

START_TEST(coarse_stamps_are_ticks)
{
	int64_t tick = ktest_tick_ns(), stamp;

	next_tick();
	kvmsim_machine.advance_time(tick);
	stamp = ktest_coarse_stamp();
	ck_assert_int_eq(stamp % tick, 0);
	ck_assert_int_eq(ktest_coarse_stamp(), stamp);
	kvmsim_machine.advance_time(tick);
	ck_assert_int_eq(ktest_coarse_stamp(), stamp + tick);
}
END_TEST

START_TEST(no_coarse_stamp_is_before_a_fine_one)
{
	int64_t tick = ktest_tick_ns(), coarse, fine;

	next_tick();
	kvmsim_machine.advance_time(tick);
	coarse = ktest_coarse_stamp();
	fine = ktest_fine_stamp();
	ck_assert_int_gt(fine, coarse);
	ck_assert_int_lt(fine, coarse + tick);
	ck_assert_int_eq(ktest_coarse_stamp(), fine);
	ck_assert_int_gt(ktest_fine_stamp(), fine);
	kvmsim_machine.advance_time(tick);
	ck_assert_int_eq(ktest_coarse_stamp(), coarse + tick);
}
END_TEST

static long bad;

static void take_stamps(long n)
{
	__atomic_fetch_add(&bad, ktest_stamps_that_go_back(n), __ATOMIC_SEQ_CST);
}

START_TEST(nor_on_another_cpu)
{
	struct thread t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = (struct thread){ .fn = take_stamps, .arg = STAMPS };
	run_threads(t, 3);
	ck_assert_int_eq(bad, 0);
	check_clean();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("multigrain");
	TCase *c = tcase_create("multigrain");

	tcase_add_unchecked_fixture(c, boot_machine, NULL);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, coarse_stamps_are_ticks);
	tcase_add_test(c, no_coarse_stamp_is_before_a_fine_one);
	tcase_add_test(c, nor_on_another_cpu);
	suite_add_tcase(s, c);
	return run_suite(s);
}
