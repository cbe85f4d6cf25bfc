// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/s390x/tlb.c: what each clearing instruction clears and keeps, sizes, eviction, validate. */
#include <check.h>
#include <stddef.h>
#include <string.h>
#include "../../models/s390x/tlb.h"
#include "suite.h"

#define MM 0x1000000cULL	/* ASCEs: origins with a designation type */
#define GMAP 0x2000000cULL
#define OTHER_GMAP 0x3000000cULL
#define GUEST 0x4000000cULL	/* of a guest's own tables */

#define PAGE_TABLE 0x500000ULL	/* shared by MM and GMAP */
#define MM_SEGMENTS 0x600000ULL
#define GMAP_SEGMENTS 0x700000ULL

static struct s390_tlb tlb;

static struct dat_result page(uint64_t segments, unsigned int px, uint64_t address)
{
	struct dat_result r = { .level = DAT_PAGE, .address = address, .entry = address };
	unsigned int level;

	for (level = 0; level < DAT_NR_LEVELS; level++)
		r.via[level] = DAT_NO_ENTRY;
	r.via[DAT_PAGE] = PAGE_TABLE + px * 8;
	r.via[DAT_SEGMENT] = segments;
	return r;
}

static void fill(enum s390_tlb_kind kind, uint64_t space, uint64_t asce, uint64_t addr, struct dat_result r)
{
	s390_tlb_fill(&tlb, kind, space, 0, asce, addr, &r);
	ck_assert_ptr_null(s390_tlb_validate(&tlb));
}

static bool held(enum s390_tlb_kind kind, uint64_t space, uint64_t asce, uint64_t addr)
{
	return s390_tlb_lookup(&tlb, kind, space, 0, asce, addr) != NULL;
}

/* One page table in two address spaces, and a guest's own translation of the same address. */
static void setup(void)
{
	memset(&tlb, 0, sizeof(tlb));
	fill(TLB_HOST, 0, MM, 0x80005000, page(MM_SEGMENTS, 5, 0x9000));
	fill(TLB_HOST, 0, GMAP, 0x5000, page(GMAP_SEGMENTS, 5, 0x9000));
	fill(TLB_HOST, 0, GMAP, 0x6000, page(GMAP_SEGMENTS, 6, 0xa000));
	fill(TLB_HOST, 0, OTHER_GMAP, 0x5000, page(0x780000, 5 + 256, 0xb000));
	fill(TLB_GUEST, GMAP, GUEST, 0x5000, page(0x100, 7, 0xc000));
	fill(TLB_GUEST, OTHER_GMAP, GUEST, 0x5000, page(0x100, 7, 0xd000));
}

START_TEST(tags_separate)
{
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0x5fff)->frame, 9);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, OTHER_GMAP, 0x5000)->frame, 0xb);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_GUEST, GMAP, 0, GUEST, 0x5000)->frame, 0xc);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_GUEST, OTHER_GMAP, 0, GUEST, 0x5000)->frame, 0xd);
	ck_assert(!held(TLB_HOST, 0, MM, 0x5000));
	/* Two guests in one space, at different places. */
	ck_assert_ptr_null(s390_tlb_lookup(&tlb, TLB_GUEST, GMAP, 0x100000, GUEST, 0x5000));
	/* Table length and the private-space bit do not belong to the tag. */
	ck_assert(held(TLB_HOST, 0, GMAP | DAT_ASCE_TL | DAT_ASCE_P, 0x5000));
}
END_TEST

START_TEST(ipte_takes_a_page_from_all_spaces_that_share_its_table)
{
	ck_assert_uint_eq(s390_tlb_flush_entry(&tlb, TLB_HOST, 0, PAGE_TABLE + 5 * 8), 2);
	ck_assert(!held(TLB_HOST, 0, MM, 0x80005000));
	ck_assert(!held(TLB_HOST, 0, GMAP, 0x5000));
	ck_assert(held(TLB_HOST, 0, GMAP, 0x6000));
	ck_assert(held(TLB_GUEST, GMAP, GUEST, 0x5000));
	ck_assert_ptr_null(s390_tlb_validate(&tlb));
}
END_TEST

START_TEST(idte_of_a_segment_takes_its_pages)
{
	ck_assert_uint_eq(s390_tlb_flush_entry(&tlb, TLB_HOST, 0, GMAP_SEGMENTS), 2);
	ck_assert(held(TLB_HOST, 0, MM, 0x80005000));
	ck_assert(held(TLB_HOST, 0, OTHER_GMAP, 0x5000));
	ck_assert_uint_eq(s390_tlb_flush_entry(&tlb, TLB_HOST, 0, GMAP_SEGMENTS), 0);
}
END_TEST

START_TEST(idte_by_asce)
{
	ck_assert_uint_eq(s390_tlb_flush_asce(&tlb, TLB_HOST, 0, GMAP | DAT_ASCE_TL), 2);
	ck_assert(held(TLB_HOST, 0, MM, 0x80005000));
	ck_assert(held(TLB_GUEST, GMAP, GUEST, 0x5000));
	ck_assert_uint_eq(s390_tlb_flush_asce(&tlb, TLB_GUEST, GMAP, GUEST), 1);
	ck_assert(held(TLB_GUEST, OTHER_GMAP, GUEST, 0x5000));
	ck_assert_ptr_null(s390_tlb_validate(&tlb));
}
END_TEST

START_TEST(a_guest_clears_its_own)
{
	ck_assert_uint_eq(s390_tlb_flush_guest(&tlb, GMAP), 1);
	ck_assert(!held(TLB_GUEST, GMAP, GUEST, 0x5000));
	ck_assert(held(TLB_GUEST, OTHER_GMAP, GUEST, 0x5000));
	ck_assert(held(TLB_HOST, 0, GMAP, 0x5000));
	ck_assert_uint_eq(s390_tlb_flush_entry(&tlb, TLB_GUEST, OTHER_GMAP, PAGE_TABLE + 7 * 8), 1);
}
END_TEST

START_TEST(clear_takes_all)
{
	ck_assert_uint_eq(s390_tlb_flush_all(&tlb), 6);
	ck_assert_uint_eq(s390_tlb_flush_all(&tlb), 0);
	ck_assert(!held(TLB_HOST, 0, GMAP, 0x6000));
	ck_assert_ptr_null(s390_tlb_validate(&tlb));
}
END_TEST

START_TEST(large_frames)
{
	struct dat_result r = { .level = DAT_SEGMENT, .address = 0x12345678 };

	r.via[DAT_SEGMENT] = GMAP_SEGMENTS + 8;
	fill(TLB_HOST, 0, GMAP, 0x145678, r);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0x1fffff)->frame, 0x12300);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0x1fffff)->page, 0x100);
	ck_assert(!held(TLB_HOST, 0, GMAP, 0x200000));
	r = (struct dat_result){ .level = DAT_REGION3, .address = 0x180000000 };
	fill(TLB_HOST, 0, GMAP, 0x80000000, r);
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0xffffffff)->frame, 0x180000);
}
END_TEST

START_TEST(a_page_is_held_once)
{
	fill(TLB_HOST, 0, GMAP, 0x5000, page(GMAP_SEGMENTS, 5, 0xf000));
	ck_assert_uint_eq(s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0x5000)->frame, 0xf);
	ck_assert_uint_eq(tlb.assoc.count[DAT_PAGE], 6);
}
END_TEST

START_TEST(evicts_in_order)
{
	unsigned int i;

	/* Six entries are in. */
	for (i = 0; i < S390_TLB_ENTRIES - 4; i++)
		s390_tlb_fill(&tlb, TLB_HOST, 0, 0, MM, (uint64_t)i << 12,
			      &(struct dat_result){ .level = DAT_PAGE, .address = (uint64_t)i << 12 });
	ck_assert_uint_eq(tlb.assoc.evictions, 2);
	ck_assert(!held(TLB_HOST, 0, MM, 0x80005000));
	ck_assert(!held(TLB_HOST, 0, GMAP, 0x5000));
	ck_assert(held(TLB_HOST, 0, GMAP, 0x6000));
	ck_assert(held(TLB_HOST, 0, MM, 0));
	ck_assert_ptr_null(s390_tlb_validate(&tlb));
}
END_TEST

START_TEST(validate_sees_damage)
{
	struct s390_tlb_entry *e = s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, GMAP, 0x5000);

	switch (_i) {
	case 0:
		e->page++;
		break;
	case 1:
		tlb.assoc.count[DAT_PAGE]++;
		break;
	case 2:
		model_clear_bit(tlb.assoc.valid, e - tlb.entry);
		break;
	case 3:
		e->asce |= DAT_ASCE_P;
		break;
	case 4:
		e->level = DAT_REGION1;
		break;
	case 5:
		e->space = 1;
		break;
	default:
		s390_tlb_fill(&tlb, TLB_HOST, 0, 0, MM, 0x100000, &(struct dat_result){ .level = DAT_SEGMENT });
		s390_tlb_lookup(&tlb, TLB_HOST, 0, 0, MM, 0x100000)->frame++;
	}
	ck_assert_ptr_nonnull(s390_tlb_validate(&tlb));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("s390 TLB");
	TCase *t = tcase_create("tlb");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, tags_separate);
	tcase_add_test(t, ipte_takes_a_page_from_all_spaces_that_share_its_table);
	tcase_add_test(t, idte_of_a_segment_takes_its_pages);
	tcase_add_test(t, idte_by_asce);
	tcase_add_test(t, a_guest_clears_its_own);
	tcase_add_test(t, clear_takes_all);
	tcase_add_test(t, large_frames);
	tcase_add_test(t, a_page_is_held_once);
	tcase_add_test(t, evicts_in_order);
	tcase_add_loop_test(t, validate_sees_damage, 0, 7);
	suite_add_tcase(s, t);
	return run_suite(s);
}
