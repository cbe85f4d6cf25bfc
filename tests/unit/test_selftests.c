// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of sim/selftests/run.c and list.c: how programs are judged and ended, and what a list may have in it. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../sim/selftests/selftests.h"
#include "suite.h"

#define MAX_JOBS 8
#define PROGRAM(text) "/bin/sh:" text

/* Stands in for "kvmsim exec": what follows the path's colon is a shell's program. */
int exec_main(int argc, char **argv)
{
	ck_assert_int_ge(argc, 5);
	ck_assert_str_eq(argv[1], "--mmu");
	setenv("MMU", argv[2], 1);
	execl("/bin/sh", "sh", "-c", strchr(argv[4], ':') + 1, "sh", argv[5], argv[5] ? argv[6] : NULL, (char *)NULL);
	return 99;
}

static struct selftest tests[MAX_JOBS];
static struct selftest_job jobs[MAX_JOBS];
static size_t n;
static char order[64];

static void setup(void)
{
	n = 0;
	*order = 0;
}

static struct sim_result *add(enum selftest_kind kind, char *program, char *args, double limit)
{
	tests[n] = (struct selftest){ .kind = kind, .limit = limit, .args = args, .reason = "no reason" };
	jobs[n] = (struct selftest_job){ .test = &tests[n], .mmu = "npt", .program = program, .result = result_new() };
	jobs[n].job.name = program;
	return jobs[n++].result;
}

static int note(void *arg, struct selftest_job *j)
{
	(void)arg;
	snprintf(order + strlen(order), sizeof(order) - strlen(order), "%td", j - jobs);
	return 0;
}

static void run(size_t at_once)
{
	size_t next = 99;

	ck_assert_int_eq(selftests_run(jobs, n, at_once, &next, note, NULL), 0);
	ck_assert_uint_eq(next, n);
}

START_TEST(exit_codes)
{
	struct sim_result *passes = add(SELFTEST_RUN, PROGRAM("echo \"$MMU $1 $2\""), "-a b", 300);
	struct sim_result *fails = add(SELFTEST_RUN, PROGRAM("echo oops >&2; exit 3"), "", 300);
	struct sim_result *skips = add(SELFTEST_SKIPS, PROGRAM("exit 4"), "", 300);
	struct sim_result *skips_unasked = add(SELFTEST_LONG, PROGRAM("exit 4"), "", 300);
	struct sim_result *should_skip = add(SELFTEST_SKIPS, PROGRAM("exit 0"), "", 300);
	struct sim_result *killed = add(SELFTEST_RUN, PROGRAM("kill -SEGV $$"), "", 300);

	run(2);
	ck_assert_int_eq(passes->state, SIM_PASSED);
	ck_assert_str_eq(passes->captured.s, "npt -a b\n");
	ck_assert_int_eq(fails->state, SIM_FAILED);
	ck_assert_str_eq(fails->captured.s, "oops\n");
	ck_assert_str_eq(fails->failures.s, "exit code 3\n");
	ck_assert_int_eq(skips->state, SIM_SKIPPED);
	ck_assert_str_eq(skips->skip, "no reason");
	ck_assert_int_eq(skips_unasked->state, SIM_FAILED);
	ck_assert_int_eq(should_skip->state, SIM_FAILED);
	ck_assert_int_eq(killed->state, SIM_FAILED);
	ck_assert_int_eq(killed->signal, SIGSEGV);
}
END_TEST

/* The first job ends last, and is reported first all the same. One that has a result already is not started. */
START_TEST(order_of_results)
{
	char fifo[] = "/tmp/kvmsim-selftests-XXXXXX";
	char *wait, *go;

	ck_assert_ptr_nonnull(mkdtemp(fifo));
	wait = xasprintf("/bin/sh:mkfifo %s/f; cat %s/f", fifo, fifo);
	go = xasprintf("/bin/sh:while ! [ -p %s/f ]; do sleep 0.1; done; echo x >%s/f; rm -r %s", fifo, fifo, fifo);
	add(SELFTEST_RUN, wait, "", 300);
	add(SELFTEST_RUN, go, "", 300);
	add(SELFTEST_REFUSED, PROGRAM("exit 1"), "", 300)->state = SIM_SKIPPED;
	add(SELFTEST_RUN, PROGRAM("exit 0"), "", 300);
	run(2);
	ck_assert_str_eq(order, "0123");
	ck_assert_str_eq(jobs[0].result->captured.s, "x\n");
	ck_assert_int_eq(jobs[2].result->state, SIM_SKIPPED);
	free(wait);
	free(go);
}
END_TEST

/* Whether a pipe's readers see its end tells whether the programs that had it open are gone. */
static void expect_all_gone(const int *fds)
{
	char c;

	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

START_TEST(time_limit_ends_children_too)
{
	struct sim_result *r;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	r = add(SELFTEST_RUN, PROGRAM("sleep 1000 & sleep 1000"), "", 0.2);
	run(1);
	ck_assert_int_eq(r->state, SIM_FAILED);
	ck_assert_int_eq(r->timed_out, 1);
	expect_all_gone(fds);
}
END_TEST

START_TEST(end_of_program_ends_children_too)
{
	struct sim_result *r;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	r = add(SELFTEST_RUN, PROGRAM("sleep 1000 & exit 0"), "", 300);
	run(1);
	ck_assert_int_eq(r->state, SIM_PASSED);
	expect_all_gone(fds);
}
END_TEST

START_TEST(long_output_keeps_its_end)
{
	struct sim_result *r = add(SELFTEST_RUN, PROGRAM("seq 100000; echo last; exit 1"), "", 300);

	run(1);
	ck_assert_int_eq(strncmp(r->captured.s, "(", 1), 0);
	ck_assert_ptr_nonnull(strstr(r->captured.s, "\n99999\n100000\nlast\n"));
	ck_assert_uint_lt(r->captured.len, 16000);
}
END_TEST

START_TEST(lists)
{
	struct selftests s = { 0 };

	ck_assert_uint_eq(selftest_parse_mmus("ept"), 1);
	ck_assert_uint_eq(selftest_parse_mmus("shadow,npt"), 6);
	ck_assert_uint_eq(selftest_parse_mmus("ept,sie"), 0);
	ck_assert_uint_eq(selftest_parse_mmus(""), 0);
	ck_assert_int_eq(selftests_read(&s, "6.13.5"), 0);
	ck_assert_int_eq(selftests_have(&s, "dirty_log_test"), 1);
	ck_assert_int_eq(selftests_have(&s, "dirty_log"), 0);
	selftests_add(&s, "my_test");
	ck_assert_int_eq(selftests_have(&s, "my_test"), 1);
	selftests_free(&s);
	ck_assert_int_eq(selftests_read(&s, "5.10.1"), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("selftests");
	TCase *c = tcase_create("selftests");

	tcase_set_timeout(c, 250);
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, exit_codes);
	tcase_add_test(c, order_of_results);
	tcase_add_test(c, time_limit_ends_children_too);
	tcase_add_test(c, end_of_program_ends_children_too);
	tcase_add_test(c, long_output_keeps_its_end);
	tcase_add_test(c, lists);
	suite_add_tcase(s, c);
	return run_suite(s);
}
