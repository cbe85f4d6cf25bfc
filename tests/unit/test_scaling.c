// SPDX-License-Identifier: GPL-2.0-only
/* Tests of how bench finds series of cases and their exponents (bench/scaling.c), and compares these (results.c). */
#include "../../bench/bench.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include "suite.h"

const char *const bench_part_names[BENCH_PARTS] = { "kernel", "shim", "model", "rest" };

static struct bench_case x86(const char *name, double kernel)
{
	return (struct bench_case){
		.name = (char *)name, .arch = "x86_64", .unit = "call", .instructions = { [BENCH_KERNEL] = kernel },
		.has_instructions = 1,
	};
}

static size_t find(struct bench_case *v, size_t n, struct bench_series **out)
{
	struct bench_results r = { .v = v, .n = n };

	return bench_find_series(&r, out);
}

START_TEST(exponents)
{
	struct bench_case v[] = {
		x86("linear: 1 slot [ept]", 30), x86("linear: 16 slots [ept]", 480),
		x86("linear: 512 slots [ept]", 15360),
		x86("square: 1K [npt]", 1048576), x86("square: 1M [npt]", 1099511627776.),
		x86("square: 2M [npt]", 4398046511104.),
		x86("constant: 1 page", 7), x86("constant: 2 pages", 7), x86("constant: 4 pages", 7),
	};
	struct bench_series *s;

	ck_assert_uint_eq(find(v, 9, &s), 3);
	ck_assert_str_eq(s[0].title, "x86_64 linear [ept]");
	ck_assert_uint_eq(s[0].n, 3);
	ck_assert_double_eq(s[0].x[2], 512);
	ck_assert_double_eq_tol(s[0].exponent, 1, 1e-9);
	ck_assert_str_eq(s[0].what, "instructions of the kernel");
	ck_assert_double_eq(s[1].x[1], 1048576);
	ck_assert_double_eq_tol(s[1].exponent, 2, 1e-9);
	ck_assert_str_eq(s[2].title, "x86_64 constant");
	ck_assert_double_eq_tol(s[2].exponent, 0, 1e-9);
	free(s);
}
END_TEST

START_TEST(what_is_no_series)
{
	struct bench_case v[] = {
		x86("two points: 1 slot", 1), x86("two points: 2 slots", 2),
		x86("no number: few", 1), x86("no number: many", 2), x86("no number: most", 3),
		x86("no colon 1", 1), x86("no colon 2", 2), x86("no colon 3", 3),
		x86("units: 1 slot", 1), x86("units: 2 pages", 2), x86("units: 4 MiB", 4),
		x86("same number: 4 slots", 1), x86("same number: 4 slots", 2), x86("same number: 4 slots", 3),
	};
	struct bench_series *s;

	ck_assert_uint_eq(find(v, 14, &s), 0);
	free(s);
}
END_TEST

START_TEST(machines_are_apart)
{
	struct bench_case v[] = {
		x86("a: 1 slot [ept]", 1), x86("a: 2 slots [ept]", 2), x86("a: 1 slot [npt]", 1),
		x86("a: 2 slots [npt]", 4),
		x86("a: 4 slots [ept]", 4), x86("a: 4 slots [npt]", 16), x86("a: 8 slots [ept]", 1000),
	};
	struct bench_series *s;

	v[6].arch = "arm64";
	ck_assert_uint_eq(find(v, 7, &s), 2);
	ck_assert_double_eq_tol(s[0].exponent, 1, 1e-9);
	ck_assert_double_eq_tol(s[1].exponent, 2, 1e-9);
	free(s);
}
END_TEST

START_TEST(times_without_instructions)
{
	struct bench_case v[] = { x86("a: 1", 5), x86("a: 2", 5), x86("a: 4", 5) };
	struct bench_series *s;

	for (int i = 0; i < 3; i++) {
		v[i].has_instructions = 0;
		v[i].median = 1 << i;
	}
	ck_assert_uint_eq(find(v, 3, &s), 1);
	ck_assert_str_eq(s[0].what, "ns");
	ck_assert_double_eq_tol(s[0].exponent, 1, 1e-9);
	free(s);
}
END_TEST

/* Compares with the results before; each figure may be worse by so much that only exponents count. */
static int worse(struct bench_case *before, struct bench_case *after, size_t n)
{
	struct bench_results old = { .v = before, .n = n, .kernel = "6.12" }, new = { .v = after, .n = n };
	char path[] = "/tmp/kvmsim-scaling-XXXXXX";
	int fd = mkstemp(path), rc;

	for (size_t i = 0; i < n; i++) {
		before[i].key = before[i].name;
		after[i].key = after[i].name;
		before[i].path = after[i].path = "a.lua";
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bench_write_json(&old, path), 0);
	rc = bench_compare(&new, path, 1e9);
	close(fd);
	unlink(path);
	return rc;
}

START_TEST(compared_exponents)
{
	struct bench_case linear[] = { x86("a: 1", 10), x86("a: 2", 20), x86("a: 4", 40) };
	struct bench_case square[] = { x86("a: 1", 10), x86("a: 2", 40), x86("a: 4", 160) };
	struct bench_case almost[] = { x86("a: 1", 10), x86("a: 2", 21), x86("a: 4", 43) };
	struct bench_case other[] = { x86("b: 1", 10), x86("b: 2", 40), x86("b: 4", 160) };
	struct bench_case times[] = { x86("a: 1", 0), x86("a: 2", 0), x86("a: 4", 0) };

	ck_assert_int_eq(worse(linear, square, 3), 1);
	ck_assert_int_eq(worse(square, linear, 3), 0);
	ck_assert_int_eq(worse(linear, almost, 3), 0);
	ck_assert_int_eq(worse(linear, other, 3), 0);
	for (int i = 0; i < 3; i++) {
		times[i].has_instructions = 0;
		times[i].median = square[i].instructions[BENCH_KERNEL];
	}
	ck_assert_int_eq(worse(linear, times, 3), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scaling");
	TCase *t = tcase_create("series");

	tcase_add_test(t, exponents);
	tcase_add_test(t, what_is_no_series);
	tcase_add_test(t, machines_are_apart);
	tcase_add_test(t, times_without_instructions);
	tcase_add_test(t, compared_exponents);
	suite_add_tcase(s, t);
	return run_suite(s);
}
