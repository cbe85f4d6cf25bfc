// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of sim/ring.c: the last steps of a scenario. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "../../sim/ring.h"
#include "suite.h"

#define THREADS 4
#define PER_THREAD 5000

static struct sim_ring ring;

static void setup(void)
{
	memset(&ring, 0, sizeof(ring));
}

static void add(const char *text)
{
	ring_add(&ring, SIM_RING_TEXT, text, strlen(text));
}

/* All records that ring_last() returns, one after the other. */
static struct {
	char text[4096];
	unsigned int n;
} seen;

static void see(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes)
{
	size_t len = strlen(seen.text);

	ck_assert_int_eq(kind, *(enum sim_ring_kind *)arg);
	snprintf(seen.text + len, sizeof(seen.text) - len, "%.*s;", (int)bytes, (const char *)data);
	seen.n++;
}

static const char *last(unsigned int max)
{
	enum sim_ring_kind kind = SIM_RING_TEXT;

	memset(&seen, 0, sizeof(seen));
	ring_last(&ring, max, see, &kind);
	ck_assert_int_eq(ring_validate(&ring), 0);
	return seen.text;
}

START_TEST(last_records_oldest_first)
{
	ck_assert_str_eq(last(8), "");
	add("a");
	add("12345678");
	add("123456789");
	ck_assert_str_eq(last(8), "a;12345678;123456789;");
	ck_assert_str_eq(last(2), "12345678;123456789;");
	ck_assert_uint_eq(ring_count(&ring), 3);
}
END_TEST

START_TEST(reset_forgets_what_was_there)
{
	add("before");
	ring_reset(&ring);
	ck_assert_uint_eq(ring_count(&ring), 0);
	ck_assert_str_eq(last(8), "");
	add("after");
	ck_assert_str_eq(last(8), "after;");
}
END_TEST

START_TEST(older_records_are_overwritten)
{
	char text[16];

	for (int i = 1; i <= 3 * SIM_RING_SLOTS + 7; i++) {
		snprintf(text, sizeof(text), "%d", i);
		add(text);
	}
	ck_assert_str_eq(last(2), "774;775;");
	last(10 * SIM_RING_SLOTS);
	ck_assert_uint_eq(seen.n, SIM_RING_SLOTS);
	ck_assert_uint_eq(ring_count(&ring), 3 * SIM_RING_SLOTS + 7);
}
END_TEST

START_TEST(long_text_is_cut)
{
	char text[SIM_RING_BYTES + 50];

	memset(text, 'x', sizeof(text));
	ring_add(&ring, SIM_RING_TEXT, text, sizeof(text));
	ck_assert_uint_eq(strlen(last(1)), SIM_RING_BYTES + 1);
}
END_TEST

/* What a process leaves that is killed while it writes. */
START_TEST(incomplete_record_is_left_out)
{
	add("whole");
	add("torn");
	add("whole too");
	atomic_store(&ring.slot[2].number, 0);
	ck_assert_str_eq(last(8), "whole;whole too;");
	atomic_store(&ring.slot[2].number, 3);
	ck_assert_int_eq(ring_validate(&ring), -1);
}
END_TEST

START_TEST(events_come_back_as_they_were)
{
	struct kvmsim_trace_event e = { .ns = 7, .pid = 3, .id = 11, .comm = "vmm", .entry = { 1, 2 } };
	enum sim_ring_kind kind = SIM_RING_EVENT;

	ring_add(&ring, SIM_RING_EVENT, &e, offsetof(struct kvmsim_trace_event, entry) + 16);
	memset(&seen, 0, sizeof(seen));
	ring_last(&ring, 1, see, &kind);
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_mem_eq((const void *)ring.slot[1].data, &e, offsetof(struct kvmsim_trace_event, entry) + 16);
}
END_TEST

static void *adder(void *arg)
{
	char text[32];

	for (int i = 0; i < PER_THREAD; i++) {
		memset(text, 'a' + *(int *)arg, sizeof(text));
		ring_add(&ring, SIM_RING_TEXT, text, sizeof(text));
	}
	return NULL;
}

static void is_of_one_thread(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes)
{
	const char *text = data;

	(void)kind;
	++*(unsigned int *)arg;
	ck_assert_uint_eq(bytes, 32);
	for (size_t i = 1; i < bytes; i++)
		ck_assert_int_eq(text[i], text[0]);
}

START_TEST(threads_write_side_by_side)
{
	pthread_t t[THREADS];
	int number[THREADS];
	unsigned int n = 0;

	for (int i = 0; i < THREADS; i++) {
		number[i] = i;
		ck_assert_int_eq(pthread_create(&t[i], NULL, adder, &number[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(ring_count(&ring), THREADS * PER_THREAD);
	ck_assert_int_eq(ring_validate(&ring), 0);
	ring_last(&ring, 24, is_of_one_thread, &n);
	ck_assert_uint_le(n, 24);
	ck_assert_uint_gt(n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *c = tcase_create("ring");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, last_records_oldest_first);
	tcase_add_test(c, reset_forgets_what_was_there);
	tcase_add_test(c, older_records_are_overwritten);
	tcase_add_test(c, long_text_is_cut);
	tcase_add_test(c, incomplete_record_is_left_out);
	tcase_add_test(c, events_come_back_as_they_were);
	tcase_add_test(c, threads_write_side_by_side);
	suite_add_tcase(s, c);
	return run_suite(s);
}
