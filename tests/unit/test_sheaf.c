// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of slab sheaves (kernel-shim/compat/newer/slab_sheaves/sheaf.c): objects that are set aside. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include "ktest_memory.h"
#include "ktest_sheaf.h"
#include "machine.h"
#include "suite.h"

#define OBJECT 200
#define MANY 1000	/* more than any sheaf has by itself */

static void *cache;
static uint32_t before;

static void boot(void)
{
	boot_machine();
	cache = ktest_cache_create("ktest_sheaf", OBJECT, 0, 0, 0);
	ck_assert_ptr_nonnull(cache);
	before = ktest_snapshot();
}

/* Nothing may be left, whatever the test did. */
static void check_nothing_left(void)
{
	ck_assert_int_eq(ktest_leaks(before), 0);
	ck_assert_int_eq(ktest_validate(), 0);
	check_clean();
}

/* Takes all objects out of the sheaf and frees them. Returns how many there were. */
static unsigned int take_all(void *sheaf)
{
	unsigned int n, size = ktest_sheaf_size(sheaf);
	void *object;

	for (n = 0; n < size; n++) {
		object = ktest_sheaf_alloc(cache, sheaf, 0);
		ck_assert_ptr_nonnull(object);
		ck_assert_uint_eq(ktest_sheaf_size(sheaf), size - n - 1);
		ktest_cache_free(cache, memset(object, n, OBJECT));
	}
	ck_assert_ptr_null(ktest_sheaf_alloc(cache, sheaf, 0));
	return n;
}

START_TEST(what_is_set_aside_needs_no_memory)
{
	static const unsigned int sizes[] = { 1, 5, 64, 65, MANY };
	unsigned int size = sizes[_i];
	void *sheaf = ktest_sheaf_prefill(cache, size);

	ck_assert_ptr_nonnull(sheaf);
	ktest_fail_alloc(1);
	ck_assert_uint_eq(take_all(sheaf), size);
	ck_assert_ptr_null(ktest_cache_alloc(cache));	/* the failure was still to come */
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(objects_are_different)
{
	void *sheaf = ktest_sheaf_prefill(cache, 2), *a = ktest_sheaf_alloc(cache, sheaf, 0);
	void *b = ktest_sheaf_alloc(cache, sheaf, 0);

	memset(a, 1, OBJECT);
	memset(b, 2, OBJECT);
	ck_assert_int_eq(((char *)a)[OBJECT - 1], 1);
	ktest_cache_free(cache, a);
	ktest_cache_free(cache, b);
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(objects_are_zeroed_on_request)
{
	void *sheaf = ktest_sheaf_prefill(cache, 1);
	char *object = ktest_sheaf_alloc(cache, sheaf, 1);
	unsigned int i;

	for (i = 0; i < OBJECT; i++)
		ck_assert_int_eq(object[i], 0);
	ktest_cache_free(cache, object);
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(returned_objects_are_free)
{
	void *sheaf = ktest_sheaf_prefill(cache, 7);

	ck_assert_int_ge(ktest_leaks(before), 8);	/* seven and the sheaf itself */
	reports[KVMSIM_LEAK] = 0;
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(refill_goes_up_to_the_size)
{
	void *sheaf = ktest_sheaf_prefill(cache, 3), *first = sheaf;

	ktest_cache_free(cache, ktest_sheaf_alloc(cache, sheaf, 0));
	ck_assert_int_eq(ktest_sheaf_refill(cache, &sheaf, 2), 0);
	ck_assert_uint_eq(ktest_sheaf_size(sheaf), 2);
	ck_assert_int_eq(ktest_sheaf_refill(cache, &sheaf, 4), 0);
	ck_assert_uint_eq(ktest_sheaf_size(sheaf), 4);
	ck_assert_ptr_eq(sheaf, first);
	ck_assert_uint_eq(take_all(sheaf), 4);
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(a_refill_that_is_too_large_changes_the_sheaf)
{
	void *sheaf = ktest_sheaf_prefill(cache, 3), *first = sheaf;

	ck_assert_int_eq(ktest_sheaf_refill(cache, &sheaf, MANY), 0);
	ck_assert_ptr_ne(sheaf, first);
	ck_assert_uint_eq(take_all(sheaf), MANY);
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

/* The first allocation is the sheaf. */
START_TEST(prefill_without_memory)
{
	ktest_fail_alloc(1 + _i);
	ck_assert_ptr_null(ktest_sheaf_prefill(cache, 3));
	check_nothing_left();
}
END_TEST

START_TEST(refill_without_memory)
{
	void *sheaf = ktest_sheaf_prefill(cache, 1), *first = sheaf;

	ktest_fail_alloc(2);
	ck_assert_int_eq(ktest_sheaf_refill(cache, &sheaf, _i ? MANY : 5), -ENOMEM);
	ck_assert_ptr_eq(sheaf, first);
	ck_assert_uint_ge(ktest_sheaf_size(sheaf), 1);
	ktest_sheaf_return(cache, sheaf);
	check_nothing_left();
}
END_TEST

START_TEST(nothing_is_no_sheaf)
{
	void *none = NULL;

	ck_assert_ptr_null(ktest_sheaf_prefill(cache, 0));
	ck_assert_int_eq(ktest_sheaf_refill(cache, NULL, 1), -EINVAL);
	ck_assert_int_eq(ktest_sheaf_refill(cache, &none, 1), -EINVAL);
	check_nothing_left();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sheaf");
	TCase *c = tcase_create("sheaf");

	tcase_add_unchecked_fixture(c, boot, NULL);
	tcase_add_loop_test(c, what_is_set_aside_needs_no_memory, 0, 5);
	tcase_add_test(c, objects_are_different);
	tcase_add_test(c, objects_are_zeroed_on_request);
	tcase_add_test(c, returned_objects_are_free);
	tcase_add_test(c, refill_goes_up_to_the_size);
	tcase_add_test(c, a_refill_that_is_too_large_changes_the_sheaf);
	tcase_add_loop_test(c, prefill_without_memory, 0, 4);
	tcase_add_loop_test(c, refill_without_memory, 0, 2);
	tcase_add_test(c, nothing_is_no_sheaf);
	suite_add_tcase(s, c);
	return run_suite(s);
}
