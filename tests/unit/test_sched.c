// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of tasks, locks, lockdep, RCU, SRCU, interrupts, work items, timers and virtual time: what native threads
 * are promised, and that each kind of misuse and each deadlock is reported.
 *
 * Linked with the test flavour; the kernel half is tests/unit/ktest_sched.c. Check's fork mode: the world boots once,
 * every test is a forked child. Also runs under ThreadSanitizer, which must find nothing except the race that one test
 * makes.
 */
#include <check.h>
#include <string.h>
#include <kshim/machine.h>
#include "ktest_sched.h"
#include "machine.h"
#include "suite.h"

#ifdef __SANITIZE_THREAD__
#define ON_TSAN 1
#else
#define ON_TSAN 0
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define MANY 2000
#else
#define MANY 20000
#endif

static void check_warned(const char *text)
{
	ck_assert_msg(reports[KVMSIM_WARN] > 0, "no report");
	ck_assert_msg(strstr(texts, text) != NULL, "'%s' is not in: %s", text, texts);
}

static long bad;	/* what threads found wrong */

static void found(long n)
{
	__atomic_fetch_add(&bad, n, __ATOMIC_SEQ_CST);
}

/* --- locks --- */

static void count(long kind)
{
	ktest_count(kind, MANY / 10);
}

static void count_read(long kind)
{
	found(ktest_count_read(kind, MANY / 10));
}

START_TEST(lock_excludes)
{
	struct thread t[3] = { { .fn = count, .arg = _i }, { .fn = count, .arg = _i }, { .fn = count, .arg = _i } };

	/* A percpu_rwsem orders its readers with fences, which ThreadSanitizer does not know. */
	if (_i == KTEST_WRITE || _i == KTEST_RWSEM || (_i == KTEST_PERCPU_RWSEM && !ON_TSAN))
		t[2].fn = count_read;
	run_threads(t, 3);
	ck_assert_int_eq(ktest_count(_i, 0), (t[2].fn == count ? 3 : 2) * 2 * (MANY / 10));
	ck_assert_int_eq(bad, 0);
	check_clean();
}
END_TEST

/* --- fences: what ThreadSanitizer is told (kshim/fence.h) --- */

#define RACE (ON_TSAN ? 66 : 0)	/* exit code */

static void give(long unused)
{
	ktest_publish();
}

static void receive(long with_fence)
{
	found(ktest_receive(with_fence) != 42);
}

static void pass_message(long with_fence)
{
	struct thread t[2] = { { .fn = give }, { .fn = receive, .arg = with_fence } };

	run_threads(t, 2);
	ck_assert_int_eq(bad, 0);
	check_clean();
}

START_TEST(fence_orders_a_relaxed_load)
{
	pass_message(1);
}
END_TEST

START_TEST(relaxed_load_alone_orders_nothing)
{
	pass_message(0);
}
END_TEST

/* --- sleeping --- */

static void ping_pong(long side)
{
	ktest_ping_pong(side, MANY / 10);
}

START_TEST(wait_queue_passes_a_token)
{
	struct thread t[2] = { { .fn = ping_pong, .arg = 0 }, { .fn = ping_pong, .arg = 1 } };

	run_threads(t, 2);
	check_clean();
}
END_TEST

static void wait_completion(long n)
{
	while (n--)
		ktest_wait_for_completion();
}

static void do_complete(long n)
{
	while (n--)
		ktest_complete();
}

START_TEST(completion_wakes)
{
	struct thread t[3] = { { .fn = wait_completion, .arg = 50 }, { .fn = wait_completion, .arg = 50 },
			       { .fn = do_complete, .arg = 100 } };

	run_threads(t, 3);
	check_clean();
}
END_TEST

START_TEST(sleeping_calls_preempt_notifiers)
{
	int pid = kvmsim_machine.process_create(1);

	ck_assert_int_eq(ktest_enter(pid), 0);
	ck_assert_int_eq(ktest_sleep_with_notifier(), 101);
	ktest_leave();
	check_clean();
}
END_TEST

START_TEST(preempt_notifiers_that_are_off_are_reported)
{
	int pid = kvmsim_machine.process_create(1);

	ck_assert_int_eq(ktest_enter(pid), 0);
	ktest_notifier_without_users();
	ktest_leave();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
	ck_assert_msg(strstr(texts, "registering preempt_notifier while notifiers disabled") != NULL, "%s", texts);
}
END_TEST

/* --- RCU --- */

static void rcu_replace(long with_callback)
{
	ktest_rcu_replace(MANY / 100, with_callback);
}

static void rcu_read(long unused)
{
	found(ktest_rcu_read(MANY / 10));
}

START_TEST(rcu_reader_keeps_its_object)
{
	struct thread t[3] = { { .fn = rcu_replace, .arg = _i }, { .fn = rcu_read }, { .fn = rcu_read } };

	run_threads(t, 3);
	ck_assert_int_eq(bad, 0);
	check_clean();
}
END_TEST

START_TEST(rcu_callbacks_run_when_promised)
{
	ck_assert_int_eq(ktest_rcu_callbacks(10, 0), 0);
	kvmsim_machine.step_end();
	ck_assert_int_eq(ktest_rcu_callbacks_done(), 10);
	ck_assert_int_eq(ktest_rcu_callbacks(10, 1), 10);
	check_clean();
}
END_TEST

static void srcu_replace(long unused)
{
	ktest_srcu_replace(MANY / 100);
}

static void srcu_read(long unused)
{
	found(ktest_srcu_read(MANY / 10));
}

START_TEST(srcu_reader_keeps_its_object)
{
	struct thread t[3] = { { .fn = srcu_replace }, { .fn = srcu_read }, { .fn = srcu_read } };

	ktest_srcu_init();
	run_threads(t, 3);
	ck_assert_int_eq(bad, 0);
	ck_assert_int_eq(ktest_srcu_cleanup(0), 1);
	check_clean();
}
END_TEST

START_TEST(srcu_cleanup_with_reader_warns)
{
	ktest_srcu_init();
	ck_assert_int_eq(ktest_srcu_cleanup(1), 0);
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

/* --- interrupts --- */

START_TEST(ipi_runs_on_its_cpu)
{
	ck_assert_int_eq(ktest_ipi_where(2), 2 + 100 + 1000);
	ck_assert_int_eq(ktest_ipi_where(0), 0 + 1000);
	ck_assert_int_eq(ktest_ipi_where(4), -1);
	check_clean();
}
END_TEST

static void irqs_off(long unused)
{
	ktest_irqs_off_sections(MANY);
}

static void ipi_look(long cpu)
{
	found(ktest_ipi_look(cpu, MANY / 4));
}

START_TEST(ipi_never_enters_an_irqs_off_section)
{
	struct thread t[2] = { { .fn = irqs_off }, { .fn = ipi_look, .arg = 1 } };

	run_threads(t, 2);
	ck_assert_int_eq(bad, 0);
	check_clean();
}
END_TEST

START_TEST(irq_work_waits_for_interrupts)
{
	ck_assert_int_eq(ktest_irq_work(), 7);
	check_clean();
}
END_TEST

/* --- work items, timers, CPUs, tasks --- */

START_TEST(work_items)
{
	ck_assert_int_eq(ktest_work(), 31);
	ck_assert_int_eq(ktest_work_ordered(), 1234);
	ck_assert_int_eq(ktest_delayed_work(), 7);
	ck_assert_int_eq(ktest_work_cancel(), 1);
	check_clean();
}
END_TEST

/* The same with threads of their own. */
START_TEST(work_items_of_workers)
{
	kvmsim_machine.begin();
	ck_assert_int_eq(ktest_work(), 31);
	ck_assert_int_eq(ktest_work_ordered(), 1234);
	ck_assert_int_eq(ktest_delayed_work(), 7);
	ck_assert_int_eq(ktest_work_cancel(), 1);
	check_clean();
}
END_TEST

/* Nobody else is held up, and only those who drive the worker continue it. */
START_TEST(work_items_that_sleep)
{
	kvmsim_machine.begin();
	ck_assert_int_eq(ktest_work_sleeps(), 31);
	check_clean();
}
END_TEST

START_TEST(work_items_behind_one_that_sleeps)
{
	kvmsim_machine.begin();
	ck_assert_int_eq(ktest_work_behind_a_sleeper(), 15);
	check_clean();
}
END_TEST

START_TEST(work_items_that_wait_for_one_that_sleeps)
{
	kvmsim_machine.begin();
	ck_assert_int_eq(ktest_work_waits_for_a_sleeper(), 31);
	check_clean();
}
END_TEST

START_TEST(work_item_that_is_waited_for_busily)
{
	kvmsim_machine.begin();
	ck_assert_int_eq(ktest_work_that_is_waited_for_busily(), 3);
	check_clean();
}
END_TEST

static void flush_for_ever(long unused)
{
	ktest_work_sleeps_for_ever();
}

/* The report names the item's task and the one that waits for it. */
START_TEST(work_item_that_nobody_wakes)
{
	struct thread t[1] = { { .fn = flush_for_ever } };

	kvmsim_machine.begin();
	run_threads(t, 1);
}
END_TEST

START_TEST(time_jumps_when_all_sleep)
{
	uint64_t ns = ktest_msleep(1000);

	ck_assert_uint_ge(ns, 1000000000);
	ck_assert_uint_lt(ns, 1020000000);
	check_clean();
}
END_TEST

START_TEST(timers_say_whether_they_are_pinned)
{
	ck_assert_int_eq(ktest_timer_places(), 15);
}
END_TEST

START_TEST(timers_fire_in_virtual_time)
{
	uint64_t before = ktest_time();

	ktest_start_timers();
	kvmsim_machine.step_end();
	ck_assert_int_eq(ktest_timers_fired(), 0);
	kvmsim_machine.advance_time(4000000);
	ck_assert_int_eq(ktest_timers_fired(), 100);
	kvmsim_machine.advance_time(26100000);
	ck_assert_int_eq(ktest_timers_fired(), 1001);
	ck_assert_uint_ge(ktest_time() - before, 30100000);
	ktest_stop_timers();
	kvmsim_machine.advance_time(1000000000);
	ck_assert_int_eq(ktest_timers_fired(), 1001);
	check_clean();
}
END_TEST

START_TEST(hotplug_callbacks_run_on_each_cpu)
{
	ck_assert_int_eq(ktest_hotplug(99), 15);
	ck_assert_int_eq(ktest_hotplug(2), -5);
	check_clean();
}
END_TEST

static void enter_only(long unused)
{
}

START_TEST(processes_and_threads)
{
	int pid = kvmsim_machine.process_create(1);
	struct thread t = { .fn = enter_only };

	ck_assert_int_eq(ktest_processes(pid), 0);
	ck_assert_int_eq(ktest_enter(pid), 0);
	ktest_leave();
	ck_assert_int_eq(ktest_processes(pid), 1);
	run_threads(&t, 1);
	ck_assert_int_eq(kvmsim_machine.process_exit(pid), 0);
	ck_assert_int_eq(ktest_processes(pid), 0);
	ck_assert_int_eq(ktest_kthread(), -4);
	ck_assert_int_eq(kvmsim_machine.thread_attach(1), -22);
	check_clean();
}
END_TEST

/* --- errors --- */

START_TEST(lock_order_is_checked)
{
	ktest_mutex_order(0);
	check_clean();
	ktest_mutex_order(1);
	check_warned("possible circular locking dependency detected");
}
END_TEST

START_TEST(assertions_are_checked)
{
	ktest_assert_not_held();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

START_TEST(unlock_of_a_free_lock_warns)
{
	ktest_unlock_not_held();
	check_warned("bad unlock balance detected");
}
END_TEST

START_TEST(sleeping_under_spinlock_warns)
{
	ktest_sleep_under_spinlock();
	check_warned("sleeping function called from invalid context");
	ck_assert_int_eq(reports[KVMSIM_WARN], 2);	/* two places, each twice */
}
END_TEST

START_TEST(sleeping_under_rcu_warns)
{
	ktest_sleep_under_rcu();
	check_warned("Voluntary context switch within RCU read-side critical section");
}
END_TEST

START_TEST(freeing_a_held_lock_warns)
{
	ktest_free_held_lock();
	check_warned("held lock freed");
}
END_TEST

START_TEST(leaving_with_a_lock_warns)
{
	int pid = kvmsim_machine.process_create(1);

	ck_assert_int_eq(ktest_enter(pid), 0);
	ktest_leave_with_lock();
	check_warned("lock held when returning to user space");
}
END_TEST

static void cross(long first)
{
	ktest_mutex_cross(first);
}

START_TEST(deadlock_of_mutexes)
{
	struct thread t[2] = { { .fn = cross, .arg = 0 }, { .fn = cross, .arg = 1 } };

	run_threads(t, 2);
}
END_TEST

static void spin_forever(long side)
{
	ktest_spin_forever(side);
}

START_TEST(deadlock_of_spinlocks)
{
	struct thread t[2] = { { .fn = spin_forever, .arg = 0 }, { .fn = spin_forever, .arg = 1 } };

	run_threads(t, 2);
}
END_TEST

START_TEST(deadlock_alone)
{
	void (*const mistake[])(void) = { ktest_mutex_twice, ktest_wait_forever, ktest_rcu_self, ktest_srcu_self };

	ktest_srcu_init();
	mistake[_i]();
}
END_TEST

int main(void)
{
	const int deadlock = FATAL + KVMSIM_DEADLOCK;
	Suite *s = suite_create("sched");
	TCase *good = tcase_create("promises"), *misuse = tcase_create("misuse");

	tcase_add_unchecked_fixture(good, boot_machine, NULL);
	tcase_set_timeout(good, 120);
	tcase_add_loop_test(good, lock_excludes, 0, KTEST_NR_LOCKS);
	tcase_add_test(good, fence_orders_a_relaxed_load);
	tcase_add_exit_test(good, relaxed_load_alone_orders_nothing, RACE);
	tcase_add_test(good, wait_queue_passes_a_token);
	tcase_add_test(good, completion_wakes);
	tcase_add_test(good, sleeping_calls_preempt_notifiers);
	tcase_add_test(good, preempt_notifiers_that_are_off_are_reported);
	tcase_add_loop_test(good, rcu_reader_keeps_its_object, 0, 2);
	tcase_add_test(good, rcu_callbacks_run_when_promised);
	tcase_add_test(good, srcu_reader_keeps_its_object);
	tcase_add_test(good, ipi_runs_on_its_cpu);
	tcase_add_test(good, ipi_never_enters_an_irqs_off_section);
	tcase_add_test(good, irq_work_waits_for_interrupts);
	tcase_add_test(good, work_items);
	tcase_add_test(good, work_items_of_workers);
	tcase_add_test(good, work_items_that_sleep);
	tcase_add_test(good, work_items_behind_one_that_sleeps);
	tcase_add_test(good, work_items_that_wait_for_one_that_sleeps);
	tcase_add_test(good, work_item_that_is_waited_for_busily);
	tcase_add_test(good, time_jumps_when_all_sleep);
	tcase_add_test(good, timers_say_whether_they_are_pinned);
	tcase_add_test(good, timers_fire_in_virtual_time);
	tcase_add_test(good, hotplug_callbacks_run_on_each_cpu);
	tcase_add_test(good, processes_and_threads);
	suite_add_tcase(s, good);

	tcase_add_unchecked_fixture(misuse, boot_machine, NULL);
	tcase_set_timeout(misuse, 60);
	tcase_add_test(misuse, srcu_cleanup_with_reader_warns);
	tcase_add_test(misuse, lock_order_is_checked);
	tcase_add_test(misuse, assertions_are_checked);
	tcase_add_test(misuse, unlock_of_a_free_lock_warns);
	tcase_add_test(misuse, sleeping_under_spinlock_warns);
	tcase_add_test(misuse, sleeping_under_rcu_warns);
	tcase_add_test(misuse, freeing_a_held_lock_warns);
	tcase_add_test(misuse, leaving_with_a_lock_warns);
	tcase_add_exit_test(misuse, deadlock_of_mutexes, deadlock);
	tcase_add_exit_test(misuse, deadlock_of_spinlocks, deadlock);
	tcase_add_exit_test(misuse, work_item_that_nobody_wakes, deadlock);
	tcase_add_loop_exit_test(misuse, deadlock_alone, deadlock, 0, 4);
	suite_add_tcase(s, misuse);

	return run_suite(s);
}
