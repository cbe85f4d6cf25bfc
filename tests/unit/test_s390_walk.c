// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/s390x/walk.c on tables in a small array: levels, lengths, frames, the order of exceptions. */
#include <check.h>
#include <string.h>
#include "../../models/s390x/walk.h"
#include "suite.h"

#define MEMORY 0x40000
static uint64_t memory[MEMORY / 8];
static int read_result;
static unsigned int reads;

static int read_entry(void *ctx, uint64_t address, uint64_t *entry)
{
	reads++;
	ck_assert_ptr_eq(ctx, memory);
	if (read_result)
		return read_result;
	if (address >= MEMORY)
		return PGM_CODE_ADDRESSING;
	*entry = memory[address / 8];
	return 0;
}

/* Tables at fixed places, each with room for 2048 entries; the page table has 256. */
enum { REGION1 = 0x10000, REGION2 = 0x14000, REGION3 = 0x18000, SEGMENT = 0x1c000, PAGE = 0x20800 };
enum { TT1 = 0xc, TT2 = 0x8, TT3 = 0x4, TL = 3 };

/* An address whose five indexes differ and are not zero: 3, 5, 7, 9, 11, and byte 0x123. */
#define ADDR ((3ULL << 53) | (5ULL << 42) | (7ULL << 31) | (9ULL << 20) | (11ULL << 12) | 0x123)

static struct dat_space space;

static uint64_t *slot(uint64_t table, unsigned int index)
{
	return &memory[table / 8 + index];
}

static void setup(void)
{
	memset(memory, 0, sizeof(memory));
	read_result = 0;
	reads = 0;
	*slot(REGION1, 3) = REGION2 | TT1 | TL;
	*slot(REGION2, 5) = REGION3 | TT2 | TL;
	*slot(REGION3, 7) = SEGMENT | TT3 | TL;
	*slot(SEGMENT, 9) = PAGE;
	*slot(PAGE, 11) = 0x77000;
	space = (struct dat_space){
		.asce = REGION1 | 0xc | TL, .edat1 = true, .edat2 = true, .iep = true, .read = read_entry,
		.ctx = memory,
	};
}

static struct dat_result go(uint64_t addr, enum dat_access access)
{
	struct dat_result r;

	s390_walk(&space, addr, access, &r);
	return r;
}

START_TEST(five_levels)
{
	struct dat_result r = go(ADDR, DAT_STORE);

	ck_assert_int_eq(r.code, 0);
	ck_assert_uint_eq(r.address, 0x77123);
	ck_assert_int_eq(r.level, DAT_PAGE);
	ck_assert_uint_eq(reads, 5);
	ck_assert_uint_eq(r.via[DAT_REGION1], REGION1 + 3 * 8);
	ck_assert_uint_eq(r.via[DAT_REGION2], REGION2 + 5 * 8);
	ck_assert_uint_eq(r.via[DAT_REGION3], REGION3 + 7 * 8);
	ck_assert_uint_eq(r.via[DAT_SEGMENT], SEGMENT + 9 * 8);
	ck_assert_uint_eq(r.via[DAT_PAGE], PAGE + 11 * 8);
}
END_TEST

static const struct {
	uint64_t asce, addr;
	unsigned int reads;
	int code;
} designations[] = {
	{ REGION2 | 0x8 | TL, ADDR & ((1ULL << 53) - 1), 4, 0 },
	{ REGION3 | 0x4 | TL, ADDR & ((1ULL << 42) - 1), 3, 0 },
	{ SEGMENT | 0x0 | TL, ADDR & ((1ULL << 31) - 1), 2, 0 },
	{ REGION2 | 0x8 | TL, ADDR, 0, PGM_CODE_ASCE_TYPE },
	{ REGION3 | 0x4 | TL, 1ULL << 42, 0, PGM_CODE_ASCE_TYPE },
	{ SEGMENT | 0x0 | TL, 1ULL << 31, 0, PGM_CODE_ASCE_TYPE },
	/* A table of one quarter has no entries from 512 on. */
	{ REGION1 | 0xc, 512ULL << 53, 0, PGM_CODE_REGION_FIRST_TRANSLATION },
	{ REGION2 | 0x8, 512ULL << 42, 0, PGM_CODE_REGION_SECOND_TRANSLATION },
	{ REGION3 | 0x4, 512ULL << 31, 0, PGM_CODE_REGION_THIRD_TRANSLATION },
	{ SEGMENT | 0x0, 512ULL << 20, 0, PGM_CODE_SEGMENT_TRANSLATION },
	{ SEGMENT | 0x0, 511ULL << 20, 1, 0 },
};

START_TEST(designation)
{
	struct dat_result r;

	*slot(SEGMENT, 511) = DAT_ENTRY_FC | 0x500000;
	space.asce = designations[_i].asce;
	r = go(designations[_i].addr, DAT_FETCH);
	ck_assert_int_eq(r.code, designations[_i].code);
	ck_assert_uint_eq(reads, designations[_i].reads);
}
END_TEST

START_TEST(real_space)
{
	space.asce |= DAT_ASCE_R;
	ck_assert_uint_eq(go(ADDR, DAT_STORE).address, ADDR);
	ck_assert_uint_eq(reads, 0);
}
END_TEST

/* Each entry in turn: invalid, of another type, out of reach. */
static const struct {
	enum dat_level level;
	uint64_t table;
	unsigned int index;
	int invalid, next;
} levels[] = {
	{ DAT_REGION1, REGION1, 3, PGM_CODE_REGION_FIRST_TRANSLATION, PGM_CODE_REGION_SECOND_TRANSLATION },
	{ DAT_REGION2, REGION2, 5, PGM_CODE_REGION_SECOND_TRANSLATION, PGM_CODE_REGION_THIRD_TRANSLATION },
	{ DAT_REGION3, REGION3, 7, PGM_CODE_REGION_THIRD_TRANSLATION, PGM_CODE_SEGMENT_TRANSLATION },
	{ DAT_SEGMENT, SEGMENT, 9, PGM_CODE_SEGMENT_TRANSLATION, 0 },
};

START_TEST(bad_entries)
{
	uint64_t *e = slot(levels[_i].table, levels[_i].index), good = *e;
	struct dat_result r;

	*e = good | DAT_ENTRY_I;
	r = go(ADDR, DAT_FETCH);
	ck_assert_int_eq(r.code, levels[_i].invalid);
	ck_assert_int_eq(r.level, levels[_i].level);
	*e = good ^ 0x4;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_TRANSLATION_SPECIFICATION);
	*e = (good & ~0xfffULL) + MEMORY + (good & 0xfff);
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_ADDRESSING);
	if (levels[_i].next) {
		*e = good | 1 << 6;	/* the next table begins at its second quarter */
		ck_assert_int_eq(go(ADDR, DAT_FETCH).code, levels[_i].next);
		*e = good & ~3ULL;	/* and ends with its first */
		ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
	}
	*e = good;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
}
END_TEST

START_TEST(bad_page_entry)
{
	*slot(PAGE, 11) = 0x77000 | DAT_PTE_I | DAT_PTE_Z;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_PAGE_TRANSLATION);
	*slot(PAGE, 11) = 0x77000 | DAT_PTE_Z;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_TRANSLATION_SPECIFICATION);
}
END_TEST

START_TEST(protection)
{
	uint64_t *e = slot(levels[_i].table, levels[_i].index);
	bool region = levels[_i].level != DAT_SEGMENT;

	*e |= DAT_ENTRY_P;
	ck_assert_int_eq(go(ADDR, DAT_STORE).code, PGM_CODE_PROTECTION);
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
	ck_assert(go(ADDR, DAT_FETCH).protect);
	space.edat1 = space.edat2 = false;
	ck_assert_int_eq(go(ADDR, DAT_STORE).code, region ? 0 : PGM_CODE_PROTECTION);
}
END_TEST

START_TEST(instruction_execution_protection)
{
	*slot(PAGE, 11) |= DAT_ENTRY_IEP;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
	ck_assert_int_eq(go(ADDR, DAT_IFETCH).code, PGM_CODE_PROTECTION);
	space.iep = false;
	ck_assert_int_eq(go(ADDR, DAT_IFETCH).code, 0);
}
END_TEST

START_TEST(large_frames)
{
	struct dat_result r;

	*slot(SEGMENT, 9) = 0x12300000 | DAT_ENTRY_FC;
	r = go(ADDR, DAT_FETCH);
	ck_assert_int_eq(r.code, 0);
	ck_assert_int_eq(r.level, DAT_SEGMENT);
	ck_assert_uint_eq(r.address, 0x12300000 | (ADDR & 0xfffff));
	ck_assert_uint_eq(r.via[DAT_PAGE], DAT_NO_ENTRY);

	*slot(REGION3, 7) = 0x180000000ULL | DAT_ENTRY_FC | TT3;
	r = go(ADDR, DAT_FETCH);
	ck_assert_int_eq(r.level, DAT_REGION3);
	ck_assert_uint_eq(r.address, 0x180000000ULL | (ADDR & 0x7fffffff));
}
END_TEST

START_TEST(format_control_without_its_facility)
{
	/* Without EDAT the bit is ignored. */
	space.edat1 = space.edat2 = false;
	*slot(SEGMENT, 9) = PAGE | DAT_ENTRY_FC;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
	ck_assert_uint_eq(go(ADDR, DAT_FETCH).address, 0x77123);
}
END_TEST

START_TEST(common_segment_in_a_private_space)
{
	*slot(SEGMENT, 9) |= DAT_ENTRY_CS;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
	space.asce |= DAT_ASCE_P;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_TRANSLATION_SPECIFICATION);
	*slot(SEGMENT, 9) &= ~DAT_ENTRY_CS;
	*slot(REGION3, 7) |= DAT_ENTRY_CS;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, PGM_CODE_TRANSLATION_SPECIFICATION);
	space.edat2 = false;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, 0);
}
END_TEST

START_TEST(the_reader_may_stop_the_walk)
{
	read_result = -14;
	ck_assert_int_eq(go(ADDR, DAT_FETCH).code, -14);
	ck_assert_uint_eq(reads, 1);
}
END_TEST

START_TEST(an_invalid_entry_comes_before_protection)
{
	*slot(REGION1, 3) |= DAT_ENTRY_P;
	*slot(PAGE, 11) |= DAT_PTE_I;
	ck_assert_int_eq(go(ADDR, DAT_STORE).code, PGM_CODE_PAGE_TRANSLATION);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("s390 dynamic address translation");
	TCase *t = tcase_create("walk");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, five_levels);
	tcase_add_loop_test(t, designation, 0, sizeof(designations) / sizeof(designations[0]));
	tcase_add_test(t, real_space);
	tcase_add_loop_test(t, bad_entries, 0, sizeof(levels) / sizeof(levels[0]));
	tcase_add_test(t, bad_page_entry);
	tcase_add_loop_test(t, protection, 0, sizeof(levels) / sizeof(levels[0]));
	tcase_add_test(t, instruction_execution_protection);
	tcase_add_test(t, large_frames);
	tcase_add_test(t, format_control_without_its_facility);
	tcase_add_test(t, common_segment_in_a_private_space);
	tcase_add_test(t, the_reader_may_stop_the_walk);
	tcase_add_test(t, an_invalid_entry_comes_before_protection);
	suite_add_tcase(s, t);
	return run_suite(s);
}
