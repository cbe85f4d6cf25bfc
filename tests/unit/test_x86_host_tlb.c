// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/x86_64/host_tlb.c: what a space and a page hold, and the reach of each flush. */
#include <check.h>
#include "../../models/x86_64/host_tlb.h"
#include "suite.h"

#define PAGE 4096ULL
#define HUGE (512 * PAGE)

static struct x86_host_tlb tlb;

static void setup(void)
{
	tlb = (struct x86_host_tlb){};
}

START_TEST(holds_a_page_of_a_space)
{
	x86_host_tlb_fill(&tlb, 7, 0x5123, PAGE, 42, false);
	ck_assert_uint_eq(x86_host_tlb_lookup(&tlb, 7, 0x5fff)->pfn, 42);
	ck_assert(!x86_host_tlb_lookup(&tlb, 7, 0x5000)->write);
	ck_assert_ptr_null(x86_host_tlb_lookup(&tlb, 8, 0x5000));
	ck_assert_ptr_null(x86_host_tlb_lookup(&tlb, 7, 0x6000));
}
END_TEST

START_TEST(one_slot_holds_one_page)
{
	x86_host_tlb_fill(&tlb, 7, 0x5000, PAGE, 42, false);
	x86_host_tlb_fill(&tlb, 7, 0x5000 + X86_HOST_TLB_ENTRIES * PAGE, PAGE, 43, true);
	ck_assert_ptr_null(x86_host_tlb_lookup(&tlb, 7, 0x5000));
	ck_assert(x86_host_tlb_lookup(&tlb, 7, 0x5000 + X86_HOST_TLB_ENTRIES * PAGE)->write);
}
END_TEST

START_TEST(drop_takes_that_page)
{
	x86_host_tlb_fill(&tlb, 7, 0x5000, PAGE, 42, false);
	x86_host_tlb_drop(&tlb, 8, 0x5000);
	x86_host_tlb_drop(&tlb, 7, 0x5000 + X86_HOST_TLB_ENTRIES * PAGE);
	ck_assert_ptr_nonnull(x86_host_tlb_lookup(&tlb, 7, 0x5000));
	x86_host_tlb_drop(&tlb, 7, 0x5fff);
	ck_assert_ptr_null(x86_host_tlb_lookup(&tlb, 7, 0x5000));
}
END_TEST

START_TEST(flush_takes_a_range_of_a_space)
{
	x86_host_tlb_fill(&tlb, 7, 0x5000, PAGE, 42, false);
	x86_host_tlb_fill(&tlb, 7, 0x6000, PAGE, 43, false);
	x86_host_tlb_fill(&tlb, 8, 0x8000, PAGE, 44, false);
	ck_assert_uint_eq(x86_host_tlb_flush(&tlb, 7, 0x6000, 0x9000), 1);
	ck_assert_ptr_nonnull(x86_host_tlb_lookup(&tlb, 7, 0x5000));
	ck_assert_ptr_null(x86_host_tlb_lookup(&tlb, 7, 0x6000));
	ck_assert_ptr_nonnull(x86_host_tlb_lookup(&tlb, 8, 0x8000));
	ck_assert_uint_eq(x86_host_tlb_flush(&tlb, 0, 0, ~0ULL), 2);
	ck_assert_uint_eq(x86_host_tlb_flush(&tlb, 0, 0, ~0ULL), 0);
}
END_TEST

START_TEST(a_part_of_a_huge_page_takes_all_its_pages)
{
	x86_host_tlb_fill(&tlb, 7, HUGE + 3 * PAGE, HUGE, 600, true);
	x86_host_tlb_fill(&tlb, 7, HUGE + 5 * PAGE, HUGE, 602, true);
	ck_assert_uint_eq(x86_host_tlb_flush(&tlb, 7, 2 * HUGE, 3 * HUGE), 0);
	ck_assert_uint_eq(x86_host_tlb_flush(&tlb, 7, HUGE, HUGE + PAGE), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("x86 host TLB");
	TCase *t = tcase_create("tlb");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, holds_a_page_of_a_space);
	tcase_add_test(t, one_slot_holds_one_page);
	tcase_add_test(t, drop_takes_that_page);
	tcase_add_test(t, flush_takes_a_range_of_a_space);
	tcase_add_test(t, a_part_of_a_huge_page_takes_all_its_pages);
	suite_add_tcase(s, t);
	return run_suite(s);
}
