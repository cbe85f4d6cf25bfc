// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of waits that only virtual time or another thread ends: none is lost, no finite wait is taken for a
 * deadlock, and endless ones are reported. Also the report of a scenario that does not end in time.
 *
 * Linked with the test flavour; the kernel half is tests/unit/ktest_waits.c. Each test is a forked child.
 */
#include <check.h>
#include <string.h>
#include <unistd.h>
#include <kshim/machine.h>
#include "ktest_waits.h"
#include "machine.h"
#include "suite.h"

#ifdef __SANITIZE_THREAD__	/* its run-time library holds a signal back until the thread returns to it */
#define ASLEEP "the thread of CPU 1 does not answer"
#else
#define ASLEEP "on CPU 1 sleeps (state 0x2); holds ktest_waits_mutex"
#endif
#define WORKER_WAITS "on CPU 1 waits busily for: a CPU that runs another task"

static void read_and_sleep(long unused)
{
	ktest_waits_read_and_sleep();
}

static void lock_for_writing(long unused)
{
	ktest_waits_write();
}

static void wait_for_ever(long unused)
{
	ktest_waits_for_ever();
}

static void crosswise(long side)
{
	ktest_waits_crosswise((int)side);
}

static uint64_t slept;

static void sleep_for(long seconds)
{
	slept = ktest_waits_sleep((unsigned int)seconds);
}

static unsigned int stops;

static void stop_for_resched(long unused)
{
	stops = ktest_waits_stop_for_resched();
}

static void keep_cpu(long unused)
{
	ktest_waits_keep_cpu();
}

static void item_on_busy_cpu(long unused)
{
	ktest_waits_item_on_busy_cpu();
}

/* The writer spins in the kernel's own loop, up to a time limit or until the reader's sleep, on a timer, is over. */
START_TEST(time_goes_on_while_the_kernel_spins)
{
	struct thread t[2] = { { .fn = read_and_sleep }, { .fn = lock_for_writing } };

	run_threads(t, 2);
	check_clean();
}
END_TEST

START_TEST(a_long_wait_beside_a_periodic_timer_ends)
{
	struct thread t[1] = { { .fn = sleep_for, .arg = 3 * 24 * 3600 } };

	ktest_waits_periodic();
	run_threads(t, 1);
	ck_assert_uint_ge(slept, 3 * 24 * 3600);
	check_clean();
}
END_TEST

START_TEST(an_endless_wait_beside_a_periodic_timer_is_reported)
{
	struct thread t[1] = { { .fn = wait_for_ever } };

	ktest_waits_periodic();
	run_threads(t, 1);
}
END_TEST

START_TEST(spinners_beside_a_sleeper_and_a_periodic_timer_are_reported)
{
	struct thread t[3] = { { .fn = wait_for_ever }, { .fn = crosswise, .arg = 0 }, { .fn = crosswise, .arg = 1 } };

	ktest_waits_periodic();
	run_threads(t, 3);
}
END_TEST

/* CPU 2 has no thread that could run it later. */
START_TEST(irq_work_of_an_interrupt_runs)
{
	ck_assert_int_eq(ktest_waits_irq_work_on(2), 1);
}
END_TEST

START_TEST(a_timeout_shows_each_thread)
{
	struct thread t[1] = { { .fn = wait_for_ever } };

	start_threads(t, 1);
	usleep(200000);
	kvmsim_machine.timed_out();
	ck_assert_msg(reports[KVMSIM_TIMEOUT] == 3, "%d reports: %s", reports[KVMSIM_TIMEOUT], texts);
	ck_assert_msg(strstr(texts, "on CPU 0 runs") != NULL, "%s", texts);
	ck_assert_msg(strstr(texts, ASLEEP) != NULL, "%s", texts);
}
END_TEST

START_TEST(a_loop_that_stops_for_need_resched_gives_its_cpu_away)
{
	struct thread t[2] = { { .fn = stop_for_resched }, { .fn = item_on_busy_cpu } };

	run_threads(t, 2);
	ck_assert_uint_ge(stops, 1);
	ck_assert_uint_lt(stops, 100000);
	check_clean();
}
END_TEST

/* The kworker plays CPU 2 for the thread that waits for its item. */
START_TEST(a_timeout_shows_a_kworker_that_waits_for_its_cpu)
{
	struct thread t[2] = { { .fn = keep_cpu }, { .fn = item_on_busy_cpu } };

	start_threads(t, 2);
	while (!ktest_waits_for_cpu(2, 1))	/* or the test's time limit ends it */
		usleep(1000);
	kvmsim_machine.timed_out();
	ck_assert_msg(strstr(texts, WORKER_WAITS) != NULL, "%s", texts);
}
END_TEST

static unsigned int turns;

static void until_turn(long turn)
{
	turns = ktest_waits_until_turn((unsigned int)turn);
}

/* A wait that counts from some turn on is no deadlock if its condition has become true just before. */
START_TEST(a_wait_that_is_just_counted_looks_again)
{
	for (long turn = 1; turn < 80; turn++) {
		struct thread t[1] = { { .fn = until_turn, .arg = turn } };

		run_threads(t, 1);
		ck_assert_uint_eq(turns, turn);
	}
	check_clean();
}
END_TEST

int main(void)
{
	const int deadlock = FATAL + KVMSIM_DEADLOCK;
	Suite *s = suite_create("waits");
	TCase *c = tcase_create("waits");

	tcase_add_unchecked_fixture(c, boot_machine, NULL);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, time_goes_on_while_the_kernel_spins);
	tcase_add_test(c, a_long_wait_beside_a_periodic_timer_ends);
	tcase_add_exit_test(c, an_endless_wait_beside_a_periodic_timer_is_reported, deadlock);
	tcase_add_exit_test(c, spinners_beside_a_sleeper_and_a_periodic_timer_are_reported, deadlock);
	tcase_add_test(c, irq_work_of_an_interrupt_runs);
	tcase_add_test(c, a_timeout_shows_each_thread);
	tcase_add_test(c, a_loop_that_stops_for_need_resched_gives_its_cpu_away);
	tcase_add_test(c, a_timeout_shows_a_kworker_that_waits_for_its_cpu);
	tcase_add_test(c, a_wait_that_is_just_counted_looks_again);
	suite_add_tcase(s, c);

	return run_suite(s);
}
