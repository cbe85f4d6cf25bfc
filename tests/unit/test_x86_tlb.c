// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/x86_64/tlb.c: look-up, replacement, and the reach of each flush. */
#include <check.h>
#include "../../models/x86_64/tlb.h"
#include "suite.h"

static struct x86_tlb tlb;

static struct x86_tlb_entry entry(uint64_t addr, unsigned int level, unsigned int kind, uint64_t root)
{
	uint64_t pages = 1UL << (9 * (level - 1));

	return (struct x86_tlb_entry){
		.page = (addr >> 12) & ~(pages - 1), .gfn = (addr >> 12) & ~(pages - 1), .pfn = 512 * 512 * 4,
		.root = root, .level = level, .kind = kind, .rights = TLB_R | TLB_W, .dirty = 1,
	};
}

static void fill(uint64_t addr, unsigned int level, unsigned int kind, uint64_t root)
{
	struct x86_tlb_entry e = entry(addr, level, kind, root);

	x86_tlb_fill(&tlb, &e);
	ck_assert_msg(!x86_tlb_validate(&tlb), "%s", x86_tlb_validate(&tlb));
}

static void setup(void)
{
	x86_tlb_init(&tlb);
}

START_TEST(looks_up_every_size)
{
	fill(0x5000, 1, TLB_LINEAR, 0);
	fill(0x40000000, 3, TLB_LINEAR, 0);
	fill(0x200000, 2, TLB_LINEAR, 0);
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x5fff));
	ck_assert_ptr_null(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x6000));
	ck_assert_uint_eq(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x3fffff)->level, 2);
	ck_assert_uint_eq(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x7fffffff)->level, 3);
	ck_assert_ptr_null(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x400000));
}
END_TEST

START_TEST(tags_separate)
{
	fill(0x5000, 1, TLB_PHYSICAL, 0x1000);
	ck_assert_ptr_null(x86_tlb_lookup(&tlb, TLB_LINEAR, 0x1000, 0x5000));
	ck_assert_ptr_null(x86_tlb_lookup(&tlb, TLB_PHYSICAL, 0x2000, 0x5000));
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_PHYSICAL, 0x1000, 0x5000));
}
END_TEST

START_TEST(a_page_is_held_once)
{
	struct x86_tlb_entry e = entry(0x5000, 1, TLB_LINEAR, 0);

	x86_tlb_fill(&tlb, &e);
	e.pfn = 7;
	x86_tlb_fill(&tlb, &e);
	ck_assert_ptr_null((void *)x86_tlb_validate(&tlb));
	ck_assert_uint_eq(tlb.assoc.count[1], 1);
	ck_assert_uint_eq(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x5000)->pfn, 7);
}
END_TEST

START_TEST(flushes_reach_what_they_should)
{
	fill(0x5000, 1, TLB_LINEAR, 0x1000);
	fill(0x5000, 1, TLB_PHYSICAL, 0x1000);
	fill(0x5000, 1, TLB_PHYSICAL, 0x2000);
	fill(0x200000, 2, TLB_LINEAR, 0x1000);
	ck_assert_uint_eq(x86_tlb_flush_addr(&tlb, TLB_LINEAR, 0x3ff000), 1);	/* any address of a large page */
	ck_assert_uint_eq(x86_tlb_flush_addr(&tlb, TLB_LINEAR, 0x3ff000), 0);
	ck_assert_uint_eq(x86_tlb_flush_root(&tlb, 0x2000), 1);
	ck_assert_uint_eq(x86_tlb_flush_kind(&tlb, TLB_LINEAR), 1);
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_PHYSICAL, 0x1000, 0x5000));
	ck_assert_uint_eq(x86_tlb_flush_all(&tlb), 1);
	ck_assert_uint_eq(x86_tlb_flush_all(&tlb), 0);
	ck_assert_ptr_null((void *)x86_tlb_validate(&tlb));
}
END_TEST

START_TEST(a_load_of_cr3_may_keep_globals)
{
	struct x86_tlb_entry e = entry(0x5000, 1, TLB_LINEAR, 0);

	e.rights |= TLB_GLOBAL;
	x86_tlb_fill(&tlb, &e);
	fill(0x6000, 1, TLB_LINEAR, 0);
	fill(0x7000, 1, TLB_PHYSICAL, 0x1000);
	fill(0x8000, 1, TLB_LINEAR, 2);		/* PCID 2 */
	ck_assert_uint_eq(x86_tlb_flush_pcid(&tlb, &(struct x86_tlb_pcid){}), 1);
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x5000));
	ck_assert_uint_eq(x86_tlb_flush_pcid(&tlb, &(struct x86_tlb_pcid){ .pcid = 2, .one = true }), 0);
	ck_assert_uint_eq(x86_tlb_flush_pcid(&tlb, &(struct x86_tlb_pcid){
		.pcid = 2, .one = true, .addr = 0x8fff }), 1);
	ck_assert_uint_eq(x86_tlb_flush_pcid(&tlb, &(struct x86_tlb_pcid){ .any = true }), 0);
	ck_assert_uint_eq(x86_tlb_flush_pcid(&tlb, &(struct x86_tlb_pcid){ .any = true, .globals = true }), 1);
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_PHYSICAL, 0x1000, 0x7000));
	ck_assert_ptr_null((void *)x86_tlb_validate(&tlb));
}
END_TEST

START_TEST(evicts_in_order)
{
	unsigned int i;

	/* Without fill()'s validate each time: that is quadratic. */
	for (i = 0; i < TLB_4K_ENTRIES; i++) {
		struct x86_tlb_entry e = entry(i * 4096UL, 1, TLB_LINEAR, 0);

		x86_tlb_fill(&tlb, &e);
	}
	ck_assert_uint_eq(tlb.assoc.evictions, 0);
	fill(0x10000000, 1, TLB_LINEAR, 0);
	ck_assert_uint_eq(tlb.assoc.evictions, 1);
	ck_assert_ptr_null(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0));
	ck_assert_ptr_nonnull(x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 4096));
	for (i = 0; i <= TLB_LARGE_ENTRIES; i++)
		fill(i * 0x200000UL, 2, TLB_LINEAR, 0);
	ck_assert_uint_eq(tlb.assoc.evictions, 2);
	ck_assert_uint_eq(tlb.assoc.count[1], TLB_4K_ENTRIES);
}
END_TEST

START_TEST(validate_sees_damage)
{
	fill(0x5000, 1, TLB_LINEAR, 0);
	x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x5000)->page = 6;
	ck_assert_ptr_nonnull(x86_tlb_validate(&tlb));
	x86_tlb_init(&tlb);
	fill(0x5000, 1, TLB_LINEAR, 0);
	tlb.assoc.count[1] = 2;
	ck_assert_ptr_nonnull(x86_tlb_validate(&tlb));
	x86_tlb_init(&tlb);
	fill(0x200000, 2, TLB_LINEAR, 0);
	x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x200000)->pfn++;
	ck_assert_ptr_nonnull(x86_tlb_validate(&tlb));
	x86_tlb_init(&tlb);
	fill(0x200000, 2, TLB_LINEAR, 0);
	x86_tlb_lookup(&tlb, TLB_LINEAR, 0, 0x200000)->page++;
	ck_assert_ptr_nonnull(x86_tlb_validate(&tlb));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("x86 TLB");
	TCase *tc = tcase_create("tlb");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, looks_up_every_size);
	tcase_add_test(tc, tags_separate);
	tcase_add_test(tc, a_page_is_held_once);
	tcase_add_test(tc, flushes_reach_what_they_should);
	tcase_add_test(tc, a_load_of_cr3_may_keep_globals);
	tcase_add_test(tc, evicts_in_order);
	tcase_add_test(tc, validate_sees_damage);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
