// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the simulated memory (page_alloc, page_api, slab, slab_cache, vmalloc, percpu, vmstat and mem in
 * kernel-shim/core): what it promises, and that each kind of misuse is reported.
 *
 * Linked with the test flavour (ktest-<arch>.so: all objects of a flavour plus tests/unit/ktest_*.c, kernel TUs); only
 * `kvmsim_machine` and the ktest functions are used. Runs in Check's fork mode: the world boots once, every test is a forked child. Also meant to run
 * under AddressSanitizer and Valgrind, whose own findings about the deliberate misuse here are held back by poke().
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kshim/machine.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_DISABLE_ERROR_REPORTING
#define VALGRIND_ENABLE_ERROR_REPORTING
#define VALGRIND_GET_VBITS(p, bits, n) ((void)(bits), 1)
#define RUNNING_ON_VALGRIND 0
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HAVE_CHECKER 1
#else
#define HAVE_CHECKER RUNNING_ON_VALGRIND
#endif
#include "ktest_memory.h"

#define PAGE 4096UL
#define RAM (128UL << 20)

static int reports[KVMSIM_NR_REPORTS];
static char last_text[2048];
static unsigned int last_frames;

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

/* A write that no build of the tests checks by itself. */
__attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))
static void poke(void *p, long offset, unsigned char value)
{
	VALGRIND_DISABLE_ERROR_REPORTING;
	((volatile unsigned char *)p)[offset] = value;
	VALGRIND_ENABLE_ERROR_REPORTING;
}

__attribute__((no_sanitize("address"), no_sanitize("thread"), noinline))
static unsigned char peek(const void *p, long offset)
{
	unsigned char c;

	VALGRIND_DISABLE_ERROR_REPORTING;
	c = ((const volatile unsigned char *)p)[offset];
	VALGRIND_ENABLE_ERROR_REPORTING;
	return c;
}

/* 1: the memory checker of this build lets the byte be touched; with none, `otherwise`. */
static int is_open(void *p, int otherwise)
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

/* Exactly one report, of this kind, whose text contains all of `what`. */
static void expect_one(enum kvmsim_report_kind kind, const char *what)
{
	int k, total = 0;

	for (k = 0; k < KVMSIM_NR_REPORTS; k++)
		total += reports[k];
	ck_assert_msg(reports[kind] == 1 && total == 1, "%d reports of kind %d, %d in all, last: %s", reports[kind],
		      kind, total, last_text);
	ck_assert_msg(strstr(last_text, what), "\"%s\" is not in: %s", what, last_text);
	memset(reports, 0, sizeof(reports));
}

static void expect_none(void)
{
	int k;

	for (k = 0; k < KVMSIM_NR_REPORTS; k++)
		ck_assert_msg(!reports[k], "unexpected report: %s", last_text);
	ck_assert_int_eq(ktest_validate(), 0);
}

/* --- slab --- */

START_TEST(kmalloc_sizes)
{
	static const unsigned long sizes[] = {
		1, 8, 9, 64, 96, 100, 192, 193, 1024, 4096, 8192, 8193, 100000, 4 << 20
	};
	unsigned long i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned char *p = ktest_kmalloc(sizes[i], 1);

		ck_assert_ptr_nonnull(p);
		if (!(sizes[i] & (sizes[i] - 1)))
			ck_assert_uint_eq((unsigned long)p % (sizes[i] < PAGE ? sizes[i] : PAGE), 0);
		ck_assert_uint_eq(p[0] | p[sizes[i] - 1], 0);
		memset(p, 0xff, sizes[i]);
		ck_assert_int_eq(is_open(p + sizes[i] - 1, 1), 1);
		ktest_kfree(p);
		ck_assert_int_eq(is_open(p, 0), 0);
	}
	ktest_kfree(NULL);
	ktest_kfree(ktest_kmalloc(0, 0));
	expect_none();
}
END_TEST

START_TEST(kmalloc_red_zone_is_closed)
{
	char *p = ktest_kmalloc(100, 0);

	ck_assert_int_eq(is_open(p + 99, 1), 1);
	ck_assert_int_eq(is_open(p + 100, 0), 0);
	ck_assert_int_eq(is_open(p - 1, 0), 0);
	ktest_kfree(p);
	expect_none();
}
END_TEST

START_TEST(krealloc_keeps_contents)
{
	char *p = ktest_kmalloc(20, 0), *q;

	memset(p, 'x', 20);
	q = ktest_krealloc(p, 30);
	ck_assert_ptr_eq(q, p);
	memset(q + 20, 'y', 10);
	q = ktest_krealloc(q, 3000);
	ck_assert_ptr_ne(q, p);
	ck_assert_int_eq(q[19], 'x');
	ck_assert_int_eq(q[29], 'y');
	q = ktest_krealloc(q, 10);
	poke(q, 10, 1);
	ktest_kfree(q);
	expect_one(KVMSIM_CHECK, "out-of-bounds write: offset 10 of the 10 bytes of kmalloc-4096");
	expect_none();
}
END_TEST

START_TEST(overflow_is_reported_at_free)
{
	char *p = ktest_kmalloc(100, 0);

	poke(p, 100, 1);
	ktest_kfree(p);
	expect_one(KVMSIM_CHECK, "out-of-bounds write: offset 100 of the 100 bytes of kmalloc-128");
	ck_assert_uint_ge(last_frames, 1);
	expect_none();
}
END_TEST

START_TEST(underflow_is_reported_at_free)
{
	char *p = ktest_kmalloc(64, 0);

	poke(p, -1, 1);
	ktest_kfree(p);
	expect_one(KVMSIM_CHECK, "out-of-bounds write: offset -1 of");
	expect_none();
}
END_TEST

START_TEST(overflow_is_reported_by_validate)
{
	char *p = ktest_kmalloc(100, 0);

	poke(p, 127, 1);
	ck_assert_int_eq(ktest_validate(), 1);
	expect_one(KVMSIM_CHECK, "offset 127 of the 100 bytes");
	ktest_kfree(p);
	expect_none();
}
END_TEST

START_TEST(overflow_of_large_kmalloc)
{
	char *p = ktest_kmalloc(10000, 0);

	poke(p, 10000, 1);
	ktest_kfree(p);
	expect_one(KVMSIM_CHECK, "offset 10000 of the 10000 bytes of large kmalloc");
	expect_none();
}
END_TEST

START_TEST(write_after_kfree)
{
	char *p = ktest_kmalloc(200, 0);

	ktest_kfree(p);
	poke(p, 8, 0);
	ck_assert_int_eq(ktest_validate(), 1);
	expect_one(KVMSIM_CHECK, "write after free: offset 8 of the 200 bytes of kmalloc-256");
	expect_none();
}
END_TEST

START_TEST(write_after_kfree_is_seen_at_reuse)
{
	void *p[200];
	int i;

	p[0] = ktest_kmalloc(200, 0);
	ktest_kfree(p[0]);
	poke(p[0], 199, 0);
	for (i = 0; i < 200; i++) {
		p[i] = ktest_kmalloc(200, 0);
		ktest_kfree(p[i]);
	}
	expect_one(KVMSIM_CHECK, "write after free: offset 199");
	expect_none();
}
END_TEST

START_TEST(freed_object_is_not_reused_at_once)
{
	void *p = ktest_kmalloc(64, 0), *q[8];
	int i;

	ktest_kfree(p);
	for (i = 0; i < 8; i++) {
		q[i] = ktest_kmalloc(64, 0);
		ck_assert_ptr_ne(p, q[i]);
	}
	if (!RUNNING_ON_VALGRIND)
		ck_assert_int_eq(peek(p, 0), 0x6b);
	expect_none();
}
END_TEST

START_TEST(double_kfree)
{
	void *p = ktest_kmalloc(64, 0), *q = ktest_kmalloc(20000, 0);

	ktest_kfree(p);
	ktest_kfree(p);
	expect_one(KVMSIM_CHECK, "double free: object of kmalloc-64");
	ck_assert_uint_eq(last_frames, 2);
	ktest_kfree(q);
	ktest_kfree(q);
	expect_one(KVMSIM_CHECK, "bad free");
	expect_none();
}
END_TEST

START_TEST(bad_kfree)
{
	char *p = ktest_kmalloc(64, 0);
	int local;

	ktest_kfree(p + 8);
	expect_one(KVMSIM_CHECK, "is not the start of an object of kmalloc-64");
	ktest_kfree(&local);
	expect_one(KVMSIM_CHECK, "outside simulated RAM");
	ktest_kfree(p);
	expect_none();
}
END_TEST

START_TEST(free_to_the_wrong_cache)
{
	void *a = ktest_cache_create("ktest_a", 40, 0, 0, 0), *b = ktest_cache_create("ktest_b", 40, 0, 0, 0);
	void *p = ktest_cache_alloc(a);

	ktest_cache_free(b, p);
	expect_one(KVMSIM_CHECK, "object of ktest_a");
	ktest_cache_free(a, p);
	ktest_cache_destroy(a);
	ktest_cache_destroy(b);
	expect_none();
}
END_TEST

START_TEST(cache_alignment_and_bulk)
{
	void *c = ktest_cache_create("ktest_aligned", 300, 256, 0, 0), *p[100];
	int i;

	ck_assert_int_eq(ktest_cache_bulk(c, 100, p), 100);
	for (i = 0; i < 100; i++) {
		ck_assert_uint_eq((unsigned long)p[i] % 256, 0);
		memset(p[i], i, 300);
	}
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(*(unsigned char *)p[i], i);
		ktest_cache_free(c, p[i]);
	}
	ktest_cache_destroy(c);
	expect_none();
}
END_TEST

START_TEST(constructed_objects_keep_their_state)
{
	void *c = ktest_cache_create("ktest_ctor", 64, 0, 1, 1), *first = ktest_cache_alloc(c), *p = NULL;
	int i;

	ck_assert_int_eq(*(unsigned char *)first, KTEST_CTOR_BYTE);
	((unsigned char *)first)[5] = 1;
	ktest_cache_free(c, first);
	ck_assert_int_eq(peek(first, 5), 1);	/* type-safe: readers may still look */
	for (i = 0; i < 500 && p != first; i++) {
		p = ktest_cache_alloc(c);
		ck_assert_int_eq(*(unsigned char *)p, KTEST_CTOR_BYTE);
		ktest_cache_free(c, p);
	}
	ck_assert_ptr_eq(p, first);
	ck_assert_int_eq(((unsigned char *)p)[5], 1);
	ktest_cache_destroy(c);
	expect_none();
}
END_TEST

START_TEST(destroy_with_objects_left)
{
	void *c = ktest_cache_create("ktest_left", 64, 0, 0, 0);

	ktest_cache_alloc(c);
	ktest_cache_destroy(c);
	expect_one(KVMSIM_LEAK, "ktest_left still has an object");
	expect_none();
}
END_TEST

START_TEST(leaks_since_a_snapshot)
{
	void *before = ktest_kmalloc(64, 0), *page = ktest_pages_alloc(1, 0, 1), *v = ktest_vmalloc(5000, 0);
	uint32_t s = ktest_snapshot();
	void *p = ktest_kmalloc(64, 0), *q = ktest_pages_alloc(1, 0, 1), *w = ktest_vmalloc(5000, 0);
	void *pc = ktest_percpu_alloc(16), *large = ktest_kmalloc(20000, 0);

	ktest_kfree(before);
	ktest_pages_free(page, 1);
	ktest_vfree(v);
	ck_assert_int_eq(ktest_leaks(s), 6);	/* a page of order 1 counts as two */
	ck_assert_int_eq(reports[KVMSIM_LEAK], 5);
	ck_assert_uint_eq(last_frames, 1);
	memset(reports, 0, sizeof(reports));
	ktest_kfree(p);
	ktest_pages_free(q, 1);
	ktest_vfree(w);
	ktest_percpu_free(pc);
	ktest_kfree(large);
	ck_assert_int_eq(ktest_leaks(s), 0);
	expect_none();
}
END_TEST

START_TEST(forced_failure)
{
	void *p;

	ktest_fail_alloc(3);
	ck_assert_ptr_nonnull(ktest_kmalloc(10, 0));
	p = ktest_pages_alloc_nofail(0);	/* does not count */
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(ktest_pages_alloc(0, 0, 0));
	ck_assert_ptr_null(ktest_kmalloc(10, 0));
	ck_assert_ptr_nonnull(ktest_kmalloc(10, 0));
	expect_none();
}
END_TEST

/* --- pages --- */

START_TEST(pages_split_and_merge)
{
	uint64_t free = ktest_free_pages_count();
	void *p[1024];
	int i, order;

	for (i = 0; i < 1024; i++) {
		p[i] = ktest_pages_alloc(i % 4, i & 1, i & 2);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq(ktest_page_pfn(p[i]) % (1UL << i % 4), 0);
		if (i & 1)
			ck_assert_int_eq(*(unsigned char *)ktest_page_address(p[i]), 0);
	}
	ck_assert_int_eq(ktest_validate(), 0);
	for (i = 0; i < 1024; i++)
		ktest_pages_free(p[i], i % 4);
	ck_assert_uint_eq(ktest_free_pages_count(), free);
	for (order = 0; order <= 10; order++) {
		p[0] = ktest_pages_alloc(order, 1, 1);
		ck_assert_ptr_nonnull(p[0]);
		ktest_pages_free(p[0], order);
		ck_assert_int_eq(ktest_page_is_free(p[0]), 1);
	}
	ck_assert_uint_eq(ktest_free_pages_count(), free);
	expect_none();
}
END_TEST

START_TEST(pages_are_deterministic)
{
	void *a = ktest_pages_alloc(0, 0, 0), *b = ktest_pages_alloc(0, 0, 0);

	ktest_pages_free(a, 0);
	ck_assert_ptr_eq(ktest_pages_alloc(0, 0, 0), a);
	ktest_pages_free(b, 0);
	ck_assert_ptr_eq(ktest_pages_alloc(0, 1, 0), b);
	expect_none();
}
END_TEST

START_TEST(pages_run_out)
{
	uint64_t free = ktest_free_pages_count();
	void *head = NULL, *p;
	unsigned long n = 0;

	while ((p = ktest_pages_alloc(0, 0, 0))) {
		*(void **)ktest_page_address(p) = head;
		head = p;
		n++;
	}
	ck_assert_uint_gt(n, free - free / 8);
	ck_assert_uint_lt(n, free);		/* the reserve stays */
	ck_assert_ptr_null(ktest_pages_alloc(9, 0, 1));
	ck_assert_ptr_null(ktest_kmalloc(20000, 0));
	while (head) {
		p = head;
		head = *(void **)ktest_page_address(p);
		ktest_pages_free(p, 0);
	}
	ck_assert_uint_ge(ktest_free_pages_count(), free);
	p = ktest_pages_alloc(10, 0, 1);
	ck_assert_ptr_nonnull(p);
	ktest_pages_free(p, 10);
	expect_none();
}
END_TEST

START_TEST(nofail_ends_the_world)
{
	for (;;)
		ktest_pages_alloc_nofail(10);
}
END_TEST

START_TEST(write_to_a_freed_page)
{
	void *p = ktest_pages_alloc(0, 0, 0), *va = ktest_page_address(p);

	ktest_pages_free(p, 0);
	ck_assert_int_eq(is_open(va, 0), 0);
	poke(va, 1000, 1);
	ck_assert_int_eq(ktest_validate(), 1);
	expect_one(KVMSIM_CHECK, "write after free: pfn");
	ck_assert_ptr_eq(ktest_pages_alloc(0, 1, 0), p);
	expect_one(KVMSIM_CHECK, "offset 0x3e8 holds 0x1 instead of 0xaa");
	ck_assert_int_eq(is_open(va, 1), 1);
	ck_assert_int_eq(*((unsigned char *)va + 1000), 0);
	expect_none();
}
END_TEST

START_TEST(write_to_a_freed_huge_page)
{
	void *p = ktest_pages_alloc(9, 0, 1), *va = ktest_page_address(p);

	ktest_pages_free(p, 9);
	poke(va, 300 * PAGE + 5, 1);
	ck_assert_ptr_eq(ktest_pages_alloc(9, 0, 1), p);
	expect_one(KVMSIM_CHECK, "offset 0x5 holds 0x1");
	expect_none();
}
END_TEST

START_TEST(double_free_of_a_page)
{
	void *p = ktest_pages_alloc(0, 0, 0);

	ktest_pages_free(p, 0);
	ktest_pages_free(p, 0);
	expect_one(KVMSIM_CHECK, "double free: pfn");
	expect_none();
}
END_TEST

START_TEST(free_of_a_mapped_page)
{
	void *p = ktest_pages_alloc(0, 0, 0);

	ktest_page_map(p);
	ktest_pages_free(p, 0);
	expect_one(KVMSIM_CHECK, "bad page freed: nonzero mapcount");
	expect_none();
}
END_TEST

START_TEST(reference_keeps_a_page)
{
	uint64_t free = ktest_free_pages_count();
	void *p = ktest_pages_alloc(2, 0, 0);

	ktest_page_get(p);
	ktest_pages_free(p, 2);			/* all but the first frame */
	ck_assert_uint_eq(ktest_free_pages_count(), free - 1);
	ktest_pages_free(p, 0);
	ck_assert_uint_eq(ktest_free_pages_count(), free);
	p = ktest_pages_alloc(3, 0, 0);
	ktest_pages_split(p, 3);
	ktest_pages_free(p, 0);
	ck_assert_uint_eq(ktest_free_pages_count(), free - 7);
	expect_none();
}
END_TEST

/* --- vmalloc, per-cpu --- */

START_TEST(vmalloc_works)
{
	unsigned char *p = ktest_vmalloc(3 * PAGE + 1, 1), *q, *huge;

	ck_assert_uint_eq(p[0] | p[3 * PAGE], 0);
	memset(p, 1, 3 * PAGE + 1);
	q = ktest_vmalloc(PAGE, 0);
	ck_assert_uint_ge(q - p, 5 * PAGE);	/* a hole between two areas */
	ktest_vfree(p);
	ktest_vfree(q);
	huge = ktest_vmalloc(64UL << 20, 1);	/* dirty bitmap of a 1 TiB slot and its second half */
	ck_assert_ptr_nonnull(huge);
	huge[(64UL << 20) - 1] = 1;
	ktest_vfree(huge);
	ck_assert_ptr_null(ktest_vmalloc(2 * RAM, 1));
	ktest_vfree(NULL);
	expect_none();
}
END_TEST

START_TEST(vmalloc_overflow)
{
	char *p = ktest_vmalloc(5000, 0);

	poke(p, 5000, 1);
	ktest_vfree(p);
	expect_one(KVMSIM_CHECK, "offset 5000 of the 5000 bytes of vmalloc area");
	expect_none();
}
END_TEST

START_TEST(bad_vfree)
{
	char *p = ktest_vmalloc(2 * PAGE, 0);

	ktest_vfree(p + PAGE);
	expect_one(KVMSIM_CHECK, "not to the start of a vmalloc area");
	ktest_vfree(p);
	ktest_vfree(p);
	expect_one(KVMSIM_CHECK, "freed before");
	expect_none();
}
END_TEST

START_TEST(vmalloc_use_after_free)
{
	char *p = ktest_vmalloc(2 * PAGE, 0);

	ktest_vfree(p);
	ktest_touch(p);
}
END_TEST

START_TEST(percpu_works)
{
	unsigned int cpu, n = ktest_percpu_cpus();
	long *a, *b;

	ck_assert_uint_eq(n, 4);
	for (cpu = 0; cpu < n; cpu++) {
		ck_assert_int_eq(*ktest_percpu_static(cpu), 42);
		*ktest_percpu_static(cpu) = cpu;
	}
	for (cpu = 0; cpu < n; cpu++)
		ck_assert_int_eq(*ktest_percpu_static(cpu), cpu);
	a = ktest_percpu_alloc(24);
	for (cpu = 0; cpu < n; cpu++)
		memset(ktest_percpu_ptr(a, cpu), cpu + 1, 24);
	b = ktest_percpu_alloc(8);
	for (cpu = 0; cpu < n; cpu++)
		ck_assert_int_eq(*(long *)ktest_percpu_ptr(b, cpu), 0);
	ck_assert_int_eq(*(char *)ktest_percpu_ptr(a, 3), 4);
	ktest_percpu_free(a);
	a = ktest_percpu_alloc(24);
	ck_assert_int_eq(*(long *)ktest_percpu_ptr(a, 3), 0);
	ktest_percpu_free(a);
	ktest_percpu_free(b);
	ktest_percpu_free(b);
	expect_one(KVMSIM_CHECK, "freed twice");
	expect_none();
}
END_TEST

/* --- what the memory checker of the build sees --- */

#define CHECKER_EXIT 99		/* as memcheck's --error-exitcode in tests/CMakeLists.txt */

#ifdef __SANITIZE_ADDRESS__
static const char *checker_text;

static void checker_died(void)
{
	_exit(strstr(last_text, checker_text) && last_frames ? CHECKER_EXIT : EXIT_FAILURE);
}
#endif

/*
 * In a build with a checker, the child ends with CHECKER_EXIT after an access that kernel code may not make, and with
 * AddressSanitizer a report says `what` it hit.
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

/* Only memcheck knows. */
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
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, boot, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, kmalloc_sizes);
	tcase_add_test(tc, kmalloc_red_zone_is_closed);
	tcase_add_test(tc, krealloc_keeps_contents);
	tcase_add_test(tc, overflow_is_reported_at_free);
	tcase_add_test(tc, underflow_is_reported_at_free);
	tcase_add_test(tc, overflow_is_reported_by_validate);
	tcase_add_test(tc, overflow_of_large_kmalloc);
	tcase_add_test(tc, write_after_kfree);
	tcase_add_test(tc, write_after_kfree_is_seen_at_reuse);
	tcase_add_test(tc, freed_object_is_not_reused_at_once);
	tcase_add_test(tc, double_kfree);
	tcase_add_test(tc, bad_kfree);
	tcase_add_test(tc, free_to_the_wrong_cache);
	tcase_add_test(tc, cache_alignment_and_bulk);
	tcase_add_test(tc, constructed_objects_keep_their_state);
	tcase_add_test(tc, destroy_with_objects_left);
	tcase_add_test(tc, leaks_since_a_snapshot);
	tcase_add_test(tc, forced_failure);
	tcase_add_test(tc, pages_split_and_merge);
	tcase_add_test(tc, pages_are_deterministic);
	tcase_add_test(tc, pages_run_out);
	tcase_add_exit_test(tc, nofail_ends_the_world, 100 + KVMSIM_OOM);
	tcase_add_test(tc, write_to_a_freed_page);
	tcase_add_test(tc, write_to_a_freed_huge_page);
	tcase_add_test(tc, double_free_of_a_page);
	tcase_add_test(tc, free_of_a_mapped_page);
	tcase_add_test(tc, reference_keeps_a_page);
	tcase_add_test(tc, vmalloc_works);
	tcase_add_test(tc, vmalloc_overflow);
	tcase_add_test(tc, bad_vfree);
	if (!RUNNING_ON_VALGRIND)	/* memcheck would count the touch as an error of its own */
		tcase_add_exit_test(tc, vmalloc_use_after_free, 100 + KVMSIM_OOPS);
	tcase_add_test(tc, percpu_works);
	if (HAVE_CHECKER)
		add_checker_tests(tc);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
