// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/arm64/tlb.c: tags, sizes, cached table descriptors, eviction, validate. */
#include <check.h>
#include <stddef.h>
#include <string.h>
#include "../../models/arm64/tlb.h"
#include "suite.h"

static struct arm64_tlb tlb;

#define EL1 ARM64_TLB_EL1
#define EL2 ARM64_TLB_EL2
#define IPA ARM64_TLB_IPA

static struct arm64_tlb_stage stage(unsigned int granule, unsigned int level)
{
	return (struct arm64_tlb_stage){
		.level = level, .granule = granule, .size = arm64_level_shift(granule, level),
		.rights = ARM64_ALL_RIGHTS,
	};
}

static const struct arm64_tlb_stage none = { .level = ARM64_NO_LEVEL };

static struct arm64_tlb_entry *fill(enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr, uint64_t pa,
				    struct arm64_tlb_stage s1, struct arm64_tlb_stage s2)
{
	struct arm64_tlb_entry e = {
		.kind = kind, .tag = tag, .pa = pa, .ipa = kind == EL2 ? 0 : addr, .s1 = s1, .s2 = s2,
	};
	struct arm64_tlb_entry *in = arm64_tlb_fill(&tlb, addr, &e);

	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
	return in;
}

static uint64_t pa_of(enum arm64_tlb_kind kind, uint64_t tag, uint64_t addr)
{
	struct arm64_tlb_entry *e = arm64_tlb_lookup(&tlb, kind, tag, addr);

	return e ? e->pa + (addr - (e->page << 12)) : 0;
}

static void setup(void)
{
	memset(&tlb, 0, sizeof(tlb));
}

START_TEST(tags_separate)
{
	struct arm64_tlb_stage page = stage(12, 3);

	fill(EL1, arm64_tlb_tag(1, 5), 0x5000, 0x10000, page, page);
	fill(EL1, arm64_tlb_tag(1, 6), 0x5000, 0x20000, page, page);
	fill(EL1, arm64_tlb_tag(2, 5), 0x5000, 0x30000, page, page);
	fill(EL2, arm64_tlb_tag(0, 5), 0x5000, 0x40000, page, none);
	fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0x50000, none, page);
	fill(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_OFF, 0x5000, 0x60000, none, page);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 5), 0x5123), 0x10123);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 6), 0x5000), 0x20000);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(2, 5), 0x5000), 0x30000);
	ck_assert_uint_eq(pa_of(EL2, arm64_tlb_tag(0, 5), 0x5000), 0x40000);
	ck_assert_uint_eq(pa_of(IPA, arm64_tlb_tag(1, 0), 0x5000), 0x50000);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_OFF, 0x5000), 0x60000);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 7), 0x5000), 0);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(2, 0) | ARM64_TAG_OFF, 0x5000), 0);
	ck_assert_uint_eq(pa_of(IPA, arm64_tlb_tag(2, 0), 0x5000), 0);
	ck_assert_uint_eq(arm64_tag_vmid(arm64_tlb_tag(0xabcd, 0x1234) | ARM64_TAG_OFF), 0xabcd);
	ck_assert_uint_eq(arm64_tag_asid(arm64_tlb_tag(0xabcd, 0x1234) | ARM64_TAG_OFF), 0x1234);
}
END_TEST

START_TEST(global_entries_fit_each_asid)
{
	struct arm64_tlb_stage page = stage(12, 3);

	fill(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_GLOBAL, 0x5000, 0x10000, page, page);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 7), 0x5000), 0x10000);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 8), 0x5000), 0x10000);
	/* Of the same VM, and with stage 1 on. */
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(2, 7), 0x5000), 0);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_OFF, 0x5000), 0);
}
END_TEST

static const struct {
	unsigned int granule1, level1, granule2, level2, shift;
} sizes[] = {
	{ 12, 3, 12, 3, 12 }, { 12, 2, 12, 3, 12 }, { 12, 3, 12, 2, 12 }, { 12, 2, 12, 2, 21 }, { 12, 1, 12, 1, 30 },
	{ 14, 3, 12, 2, 14 }, { 14, 2, 12, 1, 25 }, { 16, 3, 16, 3, 16 }, { 16, 2, 16, 2, 29 }, { 16, 2, 12, 3, 12 },
	{ 12, 1, 14, 2, 25 },
};

START_TEST(an_entry_has_the_smaller_size)
{
	uint64_t addr = 0x7f12345678, pa = 0x1012345678;
	struct arm64_tlb_entry *e = fill(EL1, 1, addr, pa, stage(sizes[_i].granule1, sizes[_i].level1),
					 stage(sizes[_i].granule2, sizes[_i].level2));
	uint64_t bytes = 1ULL << sizes[_i].shift;

	ck_assert_uint_eq(arm64_tlb_shift(e), sizes[_i].shift);
	ck_assert_uint_eq(e->page << 12, addr & -bytes);
	ck_assert_uint_eq(e->pa, pa & -bytes);
	ck_assert_uint_eq(e->ipa, addr & -bytes);
	ck_assert_uint_eq(pa_of(EL1, 1, (addr & -bytes) + bytes - 1), (pa & -bytes) + bytes - 1);
	ck_assert_uint_eq(pa_of(EL1, 1, (addr & -bytes) + bytes), 0);
	ck_assert_uint_eq(pa_of(EL1, 1, (addr & -bytes) - 1), 0);
}
END_TEST

START_TEST(no_stage_at_all)
{
	struct arm64_tlb_entry *e = fill(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_OFF, 0x5678, 0x5678, none, none);

	ck_assert_uint_eq(arm64_tlb_shift(e), 12);
	ck_assert_uint_eq(e->pa, 0x5000);
}
END_TEST

START_TEST(contiguous_groups)
{
	static const uint8_t shift[] = { 16, 21, 25, 30, 34 };
	struct arm64_tlb_stage s = stage(12, 3);
	unsigned int i;

	for (i = 0; i < sizeof(shift); i++) {
		s.size = shift[i];
		ck_assert_uint_eq(arm64_tlb_shift(fill(IPA, arm64_tlb_tag(i, 0), 0x400000000, 0x800000000, none, s)),
				  shift[i]);
	}
}
END_TEST

START_TEST(a_page_is_held_once)
{
	struct arm64_tlb_stage page = stage(12, 3);

	fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0x10000, none, page);
	fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0x20000, none, page);
	ck_assert_uint_eq(pa_of(IPA, arm64_tlb_tag(1, 0), 0x5000), 0x20000);
	ck_assert_uint_eq(tlb.assoc.count[0], 1);
	/* Another size beside it: what is returned is what was entered. */
	ck_assert_uint_eq(arm64_tlb_shift(fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0x405000, none, stage(12, 2))), 21);
}
END_TEST

START_TEST(drop_takes_all_that_would_be_found)
{
	struct arm64_tlb_stage page = stage(12, 3);

	fill(EL1, arm64_tlb_tag(1, 5), 0x5000, 0x10000, page, page);
	fill(EL1, arm64_tlb_tag(1, 0) | ARM64_TAG_GLOBAL, 0x5000, 0x10000, page, page);
	fill(EL1, arm64_tlb_tag(1, 5), 0x6000, 0x10000, page, page);
	arm64_tlb_drop(&tlb, EL1, arm64_tlb_tag(1, 5), 0x5000);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 5), 0x5000), 0);
	ck_assert_uint_eq(pa_of(EL1, arm64_tlb_tag(1, 5), 0x6000), 0x10000);
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
}
END_TEST

START_TEST(evicts_in_order)
{
	struct arm64_tlb_stage page = stage(12, 3);
	unsigned int i;

	for (i = 0; i < ARM64_TLB_ENTRIES + 2; i++)
		arm64_tlb_fill(&tlb, (uint64_t)i << 12, &(struct arm64_tlb_entry){
			.kind = IPA, .tag = arm64_tlb_tag(1, 0), .s1 = none, .s2 = page });
	ck_assert_uint_eq(tlb.assoc.evictions, 2);
	ck_assert_ptr_null(arm64_tlb_lookup(&tlb, IPA, arm64_tlb_tag(1, 0), 0x1000));
	ck_assert_ptr_nonnull(arm64_tlb_lookup(&tlb, IPA, arm64_tlb_tag(1, 0), 0x2000));
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
	ck_assert_uint_eq(arm64_tlb_flush_all(&tlb), ARM64_TLB_ENTRIES);
	ck_assert_uint_eq(arm64_tlb_flush_all(&tlb), 0);
}
END_TEST

/* --- table descriptors --- */

static void fill_table(enum arm64_tlb_kind kind, uint64_t tag, const struct arm64_tables *t, uint64_t addr,
		       unsigned int level, uint64_t table)
{
	struct arm64_leaf leaf = {};
	unsigned int i;

	for (i = 0; i < ARM64_LEVELS; i++)
		leaf.via[i].desc_pa = ARM64_NO_ADDR;
	leaf.via[level] = (struct arm64_step){ .desc_pa = 0x1000, .desc = table | 3 };
	leaf.via_table[level] = table;
	leaf.via_rights[level] = ARM64_R | ARM64_W;
	arm64_tlb_fill_tables(&tlb, kind, tag, t, addr, &leaf);
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
}

START_TEST(the_nearest_table)
{
	struct arm64_tables t = { .granule = 12 };
	struct arm64_start start;

	ck_assert(!arm64_tlb_start(&tlb, EL1, 1, &t, 0x5000, &start));
	fill_table(EL1, 1, &t, 0x5000, 0, 0x7000);
	ck_assert(arm64_tlb_start(&tlb, EL1, 1, &t, 0x7fffffffff, &start));
	ck_assert_uint_eq(start.level, 1);
	ck_assert_uint_eq(start.table, 0x7000);
	ck_assert_uint_eq(start.rights, ARM64_R | ARM64_W);
	fill_table(EL1, 1, &t, 0x5000, 2, 0x8000);
	ck_assert(arm64_tlb_start(&tlb, EL1, 1, &t, 0x1fffff, &start));
	ck_assert_uint_eq(start.level, 3);
	ck_assert_uint_eq(start.table, 0x8000);
	ck_assert(arm64_tlb_start(&tlb, EL1, 1, &t, 0x200000, &start));
	ck_assert_uint_eq(start.level, 1);
	/* Other tags, kinds, granules, and tables that begin lower. */
	ck_assert(!arm64_tlb_start(&tlb, EL1, 2, &t, 0x5000, &start));
	ck_assert(!arm64_tlb_start(&tlb, EL2, 1, &t, 0x5000, &start));
	ck_assert(!arm64_tlb_start(&tlb, IPA, 1, &t, 0x5000, &start));
	t.granule = 14;
	ck_assert(!arm64_tlb_start(&tlb, EL1, 1, &t, 0x5000, &start));
	t.granule = 12;
	t.start_level = 1;
	ck_assert(!arm64_tlb_start(&tlb, EL1, 1, &t, 0x200000, &start));
	ck_assert_uint_eq(arm64_tlb_flush_all(&tlb), 2);
	ck_assert(!arm64_tlb_start(&tlb, EL1, 1, &t, 0x5000, &start));
}
END_TEST

START_TEST(validate_sees_damage)
{
	struct arm64_tables t = { .granule = 12 };
	struct arm64_tlb_stage page = stage(12, 3);
	struct arm64_tlb_entry *e = fill(EL1, arm64_tlb_tag(1, 5), 0x5000, 0x10000, page, page);
	unsigned int i;

	fill_table(EL1, 1, &t, 0x5000, 2, 0x8000);
	for (i = 0; !tlb.table[i].valid; i++)
		;
	switch (_i) {
	case 0:
		e->pa++;
		break;
	case 1:
		e->ipa += 0x10;
		break;
	case 2:
		e->s1 = none;
		break;
	case 3:
		e->tag |= ARM64_TAG_GLOBAL;
		break;
	case 4:
		fill(EL2, 5, 0x5000, 0, page, none)->s2 = page;
		break;
	case 5:
		fill(EL2, 5, 0x5000, 0, page, none)->tag = arm64_tlb_tag(1, 5);
		break;
	case 6:
		fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0, none, page)->s1 = page;
		break;
	case 7:
		fill(IPA, arm64_tlb_tag(1, 0), 0x5000, 0, none, page)->tag = arm64_tlb_tag(1, 1);
		break;
	case 8:
		tlb.assoc.count[0]++;
		break;
	case 9:
		tlb.table[i].prefix++;
		break;
	case 10:
		tlb.table[i].shift++;
		break;
	case 11:
		tlb.where[e - tlb.entry] ^= ARM64_WHERE_SIZE;
		break;
	default:
		tlb.table[i].level = 3;
	}
	ck_assert_ptr_nonnull(arm64_tlb_validate(&tlb));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 TLB");
	TCase *t = tcase_create("tlb");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, tags_separate);
	tcase_add_test(t, global_entries_fit_each_asid);
	tcase_add_loop_test(t, an_entry_has_the_smaller_size, 0, (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_test(t, no_stage_at_all);
	tcase_add_test(t, contiguous_groups);
	tcase_add_test(t, a_page_is_held_once);
	tcase_add_test(t, drop_takes_all_that_would_be_found);
	tcase_add_test(t, evicts_in_order);
	tcase_add_test(t, the_nearest_table);
	tcase_add_loop_test(t, validate_sees_damage, 0, 13);
	suite_add_tcase(s, t);
	return run_suite(s);
}
