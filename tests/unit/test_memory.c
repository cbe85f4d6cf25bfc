// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the simulated memory (page_alloc, page_api, slab, slab_cache, vmalloc, percpu, vmstat and mem in
 * kernel-shim/core): what it promises, and that each kind of misuse is reported.
 *
 * Linked with the test flavour (ktest-<arch>.so: all objects of a flavour plus tests/unit/ktest_*.c, kernel TUs). Uses
 * only `kvmsim_machine` and the ktest functions. Runs in Check's fork mode: the world boots once, every test is a
 * forked child. Also runs under AddressSanitizer and Valgrind; poke() keeps them from reporting the deliberate misuse
 * here.
 *
 * This file has the world, what the tests share, and the tests of the build's own memory checker. The rest is in
 * memory_*.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HAVE_CHECKER 1
#else
#define HAVE_CHECKER RUNNING_ON_VALGRIND
#endif
#include "ktest_memory.h"
#include "test_memory.h"
#include "suite.h"

int reports[KVMSIM_NR_REPORTS];
static char last_text[2048];
unsigned int last_frames;

static void on_report(const struct kvmsim_report *r)
{
	reports[r->kind]++;
	snprintf(last_text, sizeof(last_text), "%s", r->text);
	last_frames = r->nr_frames;
	if (r->kind > KVMSIM_LAST_FATAL)
		return;
	fprintf(stderr, "%s\n", r->text);
	_exit(100 + r->kind);
}

static void on_log(int level, const char *line)
{
}

static void boot(void)
{
	static const struct kvmsim_host_ops ops = { .report = on_report, .log = on_log };
	struct kvmsim_config config = { .ram_bytes = RAM, .nr_cpus = 4 };

	ck_assert_int_eq(kvmsim_machine.boot(&config, &ops), 0);
	memset(reports, 0, sizeof(reports));
}

__attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))
void poke(void *p, long offset, unsigned char value)
{
	VALGRIND_DISABLE_ERROR_REPORTING;
	((volatile unsigned char *)p)[offset] = value;
	VALGRIND_ENABLE_ERROR_REPORTING;
}

__attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))
unsigned char peek(const void *p, long offset)
{
	unsigned char c;

	VALGRIND_DISABLE_ERROR_REPORTING;
	c = ((const volatile unsigned char *)p)[offset];
	VALGRIND_ENABLE_ERROR_REPORTING;
	return c;
}

int is_open(void *p, int otherwise)
{
#ifdef __SANITIZE_ADDRESS__
	return !__asan_address_is_poisoned(p);
#endif
	if (ktest_on_valgrind()) {
		unsigned char bits;

		return VALGRIND_GET_VBITS(p, &bits, 1) == 1;
	}
	return otherwise;
}

void expect_one(enum kvmsim_report_kind kind, const char *what)
{
	int k, total = 0;

	for (k = 0; k < KVMSIM_NR_REPORTS; k++)
		total += reports[k];
	ck_assert_msg(reports[kind] == 1 && total == 1, "%d reports of kind %d, %d in all, last: %s", reports[kind],
		      kind, total, last_text);
	ck_assert_msg(strstr(last_text, what), "\"%s\" is not in: %s", what, last_text);
	memset(reports, 0, sizeof(reports));
}

void expect_none(void)
{
	int k;

	for (k = 0; k < KVMSIM_NR_REPORTS; k++)
		ck_assert_msg(!reports[k], "unexpected report: %s", last_text);
	ck_assert_int_eq(ktest_validate(), 0);
}

/* --- what the memory checker of the build sees --- */

#define CHECKER_EXIT 99		/* like memcheck's --error-exitcode in tests/CMakeLists.txt */

#ifdef __SANITIZE_ADDRESS__
static const char *checker_text;

static void checker_died(void)
{
	_exit(strstr(last_text, checker_text) && last_frames ? CHECKER_EXIT : EXIT_FAILURE);
}
#endif

/*
 * In a build with a checker, the child must end with CHECKER_EXIT after an access that kernel code may not make. With
 * AddressSanitizer a report must say `what` it hit.
 */
static void expect_checker(const char *what)
{
#ifdef __SANITIZE_ADDRESS__
	checker_text = what;
	__asan_set_death_callback(checker_died);
#endif
}

START_TEST(checker_sees_use_after_kfree)
{
	void *p = ktest_kmalloc(64, 1);

	expect_checker("use after free: offset 0 of the 64 bytes of kmalloc-64 at");
	ktest_kfree(p);
	ktest_touch(p);
}
END_TEST

START_TEST(checker_sees_use_after_kfree_in_a_kernel_file)
{
	char *p = ktest_kmalloc(64, 1);

	expect_checker("use after free: offset 8 of the 64 bytes of kmalloc-64 at");
	ktest_kfree(p);
	ktest_find_bit(p + 8);
}
END_TEST

START_TEST(checker_sees_use_of_a_red_zone)
{
	char *p = ktest_kmalloc(60, 1);

	expect_checker("out-of-bounds access: offset 60 of the 60 bytes of kmalloc-64 at");
	ktest_touch(p + 60);
}
END_TEST

START_TEST(checker_sees_use_of_a_freed_page)
{
	void *page = ktest_pages_alloc(0, 1, 0);
	char *p = ktest_page_address(page);

	expect_checker("use after free: offset 0x10 of page frame 0x");
	ktest_pages_free(page, 0);
	ktest_touch(p + 16);
}
END_TEST

/* Only memcheck notices this. */
START_TEST(checker_sees_use_of_uninitialised_memory)
{
	ktest_branch_on(ktest_kmalloc(64, 0));
}
END_TEST

static void add_checker_tests(TCase *tc)
{
	tcase_add_exit_test(tc, checker_sees_use_after_kfree, CHECKER_EXIT);
	tcase_add_exit_test(tc, checker_sees_use_after_kfree_in_a_kernel_file, CHECKER_EXIT);
	tcase_add_exit_test(tc, checker_sees_use_of_a_red_zone, CHECKER_EXIT);
	tcase_add_exit_test(tc, checker_sees_use_of_a_freed_page, CHECKER_EXIT);
	if (RUNNING_ON_VALGRIND)
		tcase_add_exit_test(tc, checker_sees_use_of_uninitialised_memory, CHECKER_EXIT);
}

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_add_unchecked_fixture(tc, boot, NULL);
	tcase_set_timeout(tc, 60);
	add_slab_tests(tc);
	add_page_tests(tc);
	if (HAVE_CHECKER)
		add_checker_tests(tc);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
