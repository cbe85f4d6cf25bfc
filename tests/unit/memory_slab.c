// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the slab allocator (kernel-shim/core/mem/slab.c, slab_cache.c), a part of test_memory. */
#include <string.h>
#include "ktest_memory.h"
#include "test_memory.h"

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

/* What the check of the changes does not look at, that of everything finds. */
START_TEST(write_after_kfree_in_what_changed)
{
	char *p = ktest_kmalloc(200, 0);

	ck_assert_int_eq(ktest_validate_changed(), 0);
	ktest_kfree(p);
	poke(p, 8, 0);
	ck_assert_int_eq(ktest_validate_changed(), 1);
	expect_one(KVMSIM_CHECK, "write after free: offset 8 of the 200 bytes of kmalloc-256");
	poke(p, 9, 0);
	ck_assert_int_eq(ktest_validate_changed(), 0);
	ck_assert_int_eq(ktest_validate(), 1);
	expect_one(KVMSIM_CHECK, "write after free: offset 9 of the 200 bytes of kmalloc-256");
	expect_none();
}
END_TEST

START_TEST(overflow_in_what_changed)
{
	void *cache = ktest_cache_create("ktest-changed", 64, 8, 0, 0);
	char *p = ktest_kmalloc(100, 0);

	poke(p, 100, 1);
	ck_assert_int_eq(ktest_validate_changed(), 1);
	expect_one(KVMSIM_CHECK, "out-of-bounds write: offset 100 of the 100 bytes of kmalloc-128");
	ktest_kfree(p);
	/* A slab that has changed and is gone. */
	ktest_cache_free(cache, ktest_cache_alloc(cache));
	ktest_cache_destroy(cache);
	ck_assert_int_eq(ktest_validate_changed(), 0);
	ck_assert_int_eq(ktest_validate(), 0);
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

/* A block of pages has at most 4 MiB, and red zones take a part of it. */
START_TEST(objects_too_large_for_a_cache)
{
	static const unsigned int refused[] = { (4 << 20) - 8, 4 << 20, (4 << 20) + 1, 0 };
	void *c;
	unsigned int i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_ptr_null(ktest_cache_create("ktest_large", refused[i], 0, 0, 0));
	c = ktest_cache_create("ktest_large", (4 << 20) - 64, 0, 0, 0);
	ck_assert_ptr_nonnull(c);
	ktest_cache_free(c, memset(ktest_cache_alloc(c), 1, (4 << 20) - 64));
	ktest_cache_destroy(c);
	expect_none();
}
END_TEST

START_TEST(cache_alignment_and_bulk)
{
	void *c = ktest_cache_create("ktest_aligned", 300, 256, 0, 0), *p[100];
	int i;

	ck_assert(ktest_cache_bulk(c, 100, p));
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

void add_slab_tests(TCase *tc)
{
	tcase_add_test(tc, kmalloc_sizes);
	tcase_add_test(tc, kmalloc_red_zone_is_closed);
	tcase_add_test(tc, krealloc_keeps_contents);
	tcase_add_test(tc, overflow_is_reported_at_free);
	tcase_add_test(tc, underflow_is_reported_at_free);
	tcase_add_test(tc, overflow_is_reported_by_validate);
	tcase_add_test(tc, overflow_of_large_kmalloc);
	tcase_add_test(tc, write_after_kfree);
	tcase_add_test(tc, write_after_kfree_in_what_changed);
	tcase_add_test(tc, overflow_in_what_changed);
	tcase_add_test(tc, write_after_kfree_is_seen_at_reuse);
	tcase_add_test(tc, freed_object_is_not_reused_at_once);
	tcase_add_test(tc, double_kfree);
	tcase_add_test(tc, bad_kfree);
	tcase_add_test(tc, free_to_the_wrong_cache);
	tcase_add_test(tc, objects_too_large_for_a_cache);
	tcase_add_test(tc, cache_alignment_and_bulk);
	tcase_add_test(tc, constructed_objects_keep_their_state);
	tcase_add_test(tc, destroy_with_objects_left);
	tcase_add_test(tc, leaks_since_a_snapshot);
	tcase_add_test(tc, forced_failure);
}
