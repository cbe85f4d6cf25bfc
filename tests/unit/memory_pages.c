// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of pages, vmalloc and per-cpu memory (kernel-shim/core/mem), a part of test_memory. */
#include <string.h>
#include "ktest_memory.h"
#include "test_memory.h"

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

START_TEST(nomemalloc_wins)
{
	ck_assert_int_eq(ktest_memalloc_allowed(), 1 | 4);
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

START_TEST(write_to_a_freed_page_in_what_changed)
{
	void *p = ktest_pages_alloc(0, 0, 0), *va = ktest_page_address(p);

	ck_assert_int_eq(ktest_validate(), 0);
	ktest_pages_free(p, 0);
	poke(va, 1000, 1);
	ck_assert_int_eq(ktest_validate_changed(), 1);
	expect_one(KVMSIM_CHECK, "write after free: pfn");
	ck_assert_int_eq(ktest_validate_changed(), 0);
	ck_assert_int_eq(ktest_validate(), 1);
	expect_one(KVMSIM_CHECK, "write after free: pfn");
	ck_assert_ptr_eq(ktest_pages_alloc(0, 1, 0), p);
	expect_one(KVMSIM_CHECK, "offset 0x3e8 holds 0x1 instead of 0xaa");
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
	ktest_vfree_in_softirq(ktest_vmalloc(PAGE, 0));
	expect_none();
}
END_TEST

/* Each kind of allocator with a size that the kernel refuses: a warning, unless suppressed, and no memory. */
START_TEST(sizes_that_are_refused)
{
	ck_assert_ptr_null(ktest_vmalloc(0, 0));
	expect_one(KVMSIM_WARN, "");
	ck_assert_ptr_null(ktest_vmalloc(~0UL, 0));
	ck_assert_ptr_null(ktest_vmalloc(-PAGE, 1));
	ck_assert_ptr_null(ktest_percpu_alloc(0));
	expect_one(KVMSIM_WARN, "illegal size (0)");
	ck_assert_ptr_null(ktest_percpu_alloc(32768 + 8));
	expect_one(KVMSIM_WARN, "illegal size (32776)");
	ck_assert_ptr_null(ktest_percpu_alloc_nowarn(32768 + 8));
	ck_assert_ptr_null(ktest_kmalloc(~0UL, 0));
	expect_one(KVMSIM_WARN, "");
	ck_assert_ptr_eq(ktest_kmalloc(0, 0), (void *)16);	/* ZERO_SIZE_PTR */
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

/* Both addresses are the same memory, with the old contents. The frame is freed with the area's last reference. */
START_TEST(vmalloc_page_is_a_frame)
{
	uint64_t free = ktest_free_pages_count();
	char *p, *q, *frame;
	void *page;

	ktest_vmalloc_share();
	p = ktest_vmalloc(3 * PAGE, 1);
	q = ktest_vmalloc(PAGE, 1);
	p[PAGE + 5] = 'a';
	page = ktest_vmalloc_to_page(p + PAGE + 100);
	ck_assert_ptr_nonnull(page);
	ck_assert_ptr_eq(ktest_vmalloc_to_page(p + PAGE), page);
	ck_assert_ptr_ne(ktest_vmalloc_to_page(p), page);
	ck_assert_ptr_ne(ktest_vmalloc_to_page(q), page);
	ck_assert_uint_eq(ktest_free_pages_count(), free - 3);
	frame = ktest_page_address(page);
	ck_assert_int_eq(frame[5], 'a');
	frame[6] = 'b';
	ck_assert_int_eq(p[PAGE + 6], 'b');
	p[PAGE + 7] = 'c';
	ck_assert_int_eq(frame[7], 'c');
	ck_assert_int_eq(p[6] | q[6], 0);
	ck_assert_ptr_null(ktest_vmalloc_to_page(p + 3 * PAGE));

	ktest_page_get(page);
	ktest_vfree(p);
	ck_assert_int_eq(frame[7], 'c');
	ck_assert_int_eq(ktest_page_is_free(page), 0);
	ktest_pages_free(page, 0);
	ktest_vfree(q);
	ck_assert_uint_eq(ktest_free_pages_count(), free);
	expect_none();
}
END_TEST

START_TEST(vmalloc_page_of_an_early_area)
{
	ktest_vmalloc_to_page(ktest_vmalloc(PAGE, 0));
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

void add_page_tests(TCase *tc)
{
	tcase_add_test(tc, pages_split_and_merge);
	tcase_add_test(tc, pages_are_deterministic);
	tcase_add_test(tc, nomemalloc_wins);
	tcase_add_test(tc, pages_run_out);
	tcase_add_exit_test(tc, nofail_ends_the_world, 100 + KVMSIM_OOM);
	tcase_add_test(tc, write_to_a_freed_page);
	tcase_add_test(tc, write_to_a_freed_page_in_what_changed);
	tcase_add_test(tc, write_to_a_freed_huge_page);
	tcase_add_test(tc, double_free_of_a_page);
	tcase_add_test(tc, free_of_a_mapped_page);
	tcase_add_test(tc, reference_keeps_a_page);
	tcase_add_test(tc, vmalloc_works);
	tcase_add_test(tc, sizes_that_are_refused);
	tcase_add_test(tc, vmalloc_overflow);
	tcase_add_test(tc, bad_vfree);
	if (!RUNNING_ON_VALGRIND)	/* memcheck would count the touch as an error of its own */
		tcase_add_exit_test(tc, vmalloc_use_after_free, 100 + KVMSIM_OOPS);
	if (!RUNNING_ON_VALGRIND)	/* it does not know mremap() with an old length of 0 */
		tcase_add_test(tc, vmalloc_page_is_a_frame);
	tcase_add_exit_test(tc, vmalloc_page_of_an_early_area, 100 + KVMSIM_REFUSED);
	tcase_add_test(tc, percpu_works);
}
