// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/arm64/bbm.c: which changes of a descriptor need break-before-make, which entries conflict. */
#include <check.h>
#include <string.h>
#include "../../models/arm64/bbm.h"
#include "suite.h"

#define BIT64(n) (1ULL << (n))
#define NONE ARM64_NO_LEVEL

/* Descriptors of level 3 and 2. */
#define PAGE(pa) ((pa) | 3 | BIT64(10) | 0xf << 2 | 3 << 8 | 1 << 6)
#define BLOCK(pa) (PAGE(pa) & ~2ULL)

static const struct {
	bool stage2;
	uint64_t was, now;
	enum arm64_bbm what;
} changes[] = {
	{ true, PAGE(0x5000), PAGE(0x5000), ARM64_BBM_SAME },
	{ true, PAGE(0x5000), 0, ARM64_BBM_INVALID },
	{ true, PAGE(0x5000), PAGE(0x5000) & ~1ULL, ARM64_BBM_INVALID },
	{ true, PAGE(0x5000), PAGE(0x6000), ARM64_BBM_ADDRESS },
	{ true, PAGE(0x5000), PAGE(0x4000), ARM64_BBM_ADDRESS },
	{ true, PAGE(0x5000), PAGE(0x5000) | BIT64(52), ARM64_BBM_SIZE },
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 0xa << 2, ARM64_BBM_TYPE },
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 1 << 8, ARM64_BBM_TYPE },
	/* Rights, access flag, dirty state, software's bits. */
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 3 << 6, ARM64_BBM_SAME },
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 1 << 10, ARM64_BBM_SAME },
	{ true, PAGE(0x5000), PAGE(0x5000) | BIT64(51) | 3ULL << 53 | 0xfULL << 55, ARM64_BBM_SAME },
	/* Bit 11 is nG at stage 1 only; bit 5 belongs to MemAttr at stage 2 only. */
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 1 << 11, ARM64_BBM_SAME },
	{ false, PAGE(0x5000), PAGE(0x5000) ^ 1 << 11, ARM64_BBM_TYPE },
	{ true, PAGE(0x5000), PAGE(0x5000) ^ 1 << 5, ARM64_BBM_TYPE },
	{ false, PAGE(0x5000), PAGE(0x5000) ^ 1 << 5, ARM64_BBM_SAME },
	{ false, PAGE(0x5000), PAGE(0x5000) ^ 1 << 2, ARM64_BBM_TYPE },
};

START_TEST(a_leaf)
{
	struct arm64_tlb_stage stage = { .level = 3, .granule = 12, .size = 12, .desc = changes[_i].was };

	ck_assert_int_eq(arm64_bbm_compare(&stage, changes[_i].stage2, changes[_i].now), changes[_i].what);
}
END_TEST

START_TEST(a_block)
{
	struct arm64_tlb_stage stage = { .level = 2, .granule = 12, .size = 21, .desc = BLOCK(0x200000) };

	ck_assert_int_eq(arm64_bbm_compare(&stage, true, BLOCK(0x200000)), ARM64_BBM_SAME);
	ck_assert_int_eq(arm64_bbm_compare(&stage, true, BLOCK(0x400000)), ARM64_BBM_ADDRESS);
	ck_assert_int_eq(arm64_bbm_compare(&stage, true, 0x201000 | 3), ARM64_BBM_SIZE);
	ck_assert_int_eq(arm64_bbm_compare(&stage, true, 0), ARM64_BBM_INVALID);
}
END_TEST

START_TEST(a_table)
{
	struct arm64_tlb_table table = { .desc = 0x5003, .table = 0x5000, .level = 2, .granule = 12 };

	ck_assert_int_eq(arm64_bbm_compare_table(&table, 0x5003), ARM64_BBM_SAME);
	/* Hierarchical rights. */
	ck_assert_int_eq(arm64_bbm_compare_table(&table, 0x5003 | BIT64(61)), ARM64_BBM_SAME);
	ck_assert_int_eq(arm64_bbm_compare_table(&table, 0x6003), ARM64_BBM_ADDRESS);
	ck_assert_int_eq(arm64_bbm_compare_table(&table, BLOCK(0)), ARM64_BBM_SIZE);
	ck_assert_int_eq(arm64_bbm_compare_table(&table, 0x5002), ARM64_BBM_INVALID);
}
END_TEST

/* --- entries --- */

static struct arm64_tlb tlb;

static struct arm64_tlb_stage stage(unsigned int level, uint64_t pa)
{
	return (struct arm64_tlb_stage){
		.level = level, .granule = 12, .size = arm64_level_shift(12, level),
		.desc = level == 3 ? PAGE(pa) : BLOCK(pa & -0x200000ULL),
	};
}

static const struct arm64_tlb_stage none = { .level = NONE };

/* A stage 2 entry, a combined one from another address, and one of EL2; made by a TLB, for their sizes. */
static struct arm64_tlb_entry ipa(unsigned int vmid, uint64_t addr, uint64_t pa, unsigned int level)
{
	struct arm64_tlb_entry e = {
		.kind = ARM64_TLB_IPA, .tag = arm64_tlb_tag(vmid, 0), .ipa = addr, .pa = pa, .s1 = none,
		.s2 = stage(level, pa),
	};

	return *arm64_tlb_fill(&tlb, addr, &e);
}

static struct arm64_tlb_entry combined(unsigned int vmid, uint64_t va, uint64_t addr, uint64_t pa, unsigned int level)
{
	struct arm64_tlb_entry e = {
		.kind = ARM64_TLB_EL1, .tag = arm64_tlb_tag(vmid, 9), .ipa = addr, .pa = pa, .s1 = stage(3, addr),
		.s2 = stage(level, pa),
	};

	return *arm64_tlb_fill(&tlb, va, &e);
}

static struct arm64_tlb_entry host(uint64_t tag, uint64_t va, uint64_t pa, unsigned int level)
{
	struct arm64_tlb_entry e = {
		.kind = ARM64_TLB_EL2, .tag = tag, .pa = pa, .s1 = stage(level, pa), .s2 = none,
	};

	return *arm64_tlb_fill(&tlb, va, &e);
}

static void expect(struct arm64_tlb_entry a, struct arm64_tlb_entry b, enum arm64_bbm what)
{
	ck_assert_int_eq(arm64_bbm_conflict(&a, &b, false), what);
	ck_assert_int_eq(arm64_bbm_conflict(&b, &a, false), what);
	ck_assert_int_eq(arm64_bbm_conflict(&a, &b, true), what == ARM64_BBM_SIZE ? ARM64_BBM_SAME : what);
}

START_TEST(entries_of_stage2)
{
	struct arm64_tlb_entry e;

	expect(ipa(1, 0x5000, 0x8000, 3), ipa(1, 0x5000, 0x8000, 3), ARM64_BBM_SAME);
	expect(ipa(1, 0x5000, 0x8000, 3), ipa(1, 0x5000, 0x9000, 3), ARM64_BBM_ADDRESS);
	expect(ipa(1, 0x5000, 0x8000, 3), ipa(1, 0x6000, 0xa000, 3), ARM64_BBM_SAME);
	expect(ipa(1, 0x5000, 0x8000, 3), ipa(2, 0x5000, 0x9000, 3), ARM64_BBM_SAME);
	/* A page and a block that agree about the address, or not. */
	expect(ipa(1, 0x205000, 0x605000, 3), ipa(1, 0x200000, 0x600000, 2), ARM64_BBM_SIZE);
	expect(ipa(1, 0x205000, 0x606000, 3), ipa(1, 0x200000, 0x600000, 2), ARM64_BBM_ADDRESS);
	expect(ipa(1, 0x405000, 0x606000, 3), ipa(1, 0x200000, 0x600000, 2), ARM64_BBM_SAME);
	e = ipa(1, 0x5000, 0x8000, 3);
	e.s2.desc ^= 0xa << 2;
	expect(e, ipa(1, 0x5000, 0x8000, 3), ARM64_BBM_TYPE);
	e.s2.desc = PAGE(0x8000) ^ 3 << 6;
	expect(e, ipa(1, 0x5000, 0x8000, 3), ARM64_BBM_SAME);
}
END_TEST

START_TEST(combined_entries_by_their_ipa)
{
	expect(combined(1, 0x70000, 0x5000, 0x8000, 3), ipa(1, 0x5000, 0x8000, 3), ARM64_BBM_SAME);
	expect(combined(1, 0x70000, 0x5000, 0x8000, 3), ipa(1, 0x5000, 0x9000, 3), ARM64_BBM_ADDRESS);
	expect(combined(1, 0x70000, 0x5000, 0x8000, 3), combined(1, 0x90000, 0x5000, 0xa000, 3), ARM64_BBM_ADDRESS);
	/* A part of a block of stage 2 is not the block's conflict, but a page's. */
	expect(combined(1, 0x70000, 0x205000, 0x605000, 2), ipa(1, 0x200000, 0x600000, 2), ARM64_BBM_SAME);
	expect(combined(1, 0x70000, 0x205000, 0x605000, 2), ipa(1, 0x205000, 0x605000, 3), ARM64_BBM_SIZE);
	/* The guest may remap one virtual address as it likes. */
	expect(combined(1, 0x70000, 0x5000, 0x8000, 3), combined(1, 0x70000, 0x6000, 0x9000, 3), ARM64_BBM_SAME);
}
END_TEST

START_TEST(entries_of_the_host)
{
	expect(host(5, 0x7000, 0x8000, 3), host(5, 0x7000, 0x9000, 3), ARM64_BBM_ADDRESS);
	expect(host(5, 0x7000, 0x8000, 3), host(6, 0x7000, 0x9000, 3), ARM64_BBM_SAME);
	expect(host(5, 0x7000, 0x8000, 3), host(ARM64_TAG_GLOBAL, 0x7000, 0x9000, 3), ARM64_BBM_ADDRESS);
	expect(host(5, 0x205000, 0x605000, 3), host(5, 0x200000, 0x600000, 2), ARM64_BBM_SIZE);
	expect(host(5, 0x7000, 0x8000, 3), ipa(0, 0x7000, 0x9000, 3), ARM64_BBM_SAME);
}
END_TEST

START_TEST(a_leaf_where_a_table_was)
{
	struct arm64_tlb_table t = {
		.prefix = 1, .tag = arm64_tlb_tag(1, 0), .kind = ARM64_TLB_IPA, .level = 2, .shift = 21, .granule = 12,
		.table = 0x5000, .valid = true,
	};
	struct arm64_tlb_entry block = ipa(1, 0x200000, 0x600000, 2), page = ipa(1, 0x205000, 0x605000, 3);

	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SIZE);
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, true), ARM64_BBM_SAME);
	ck_assert_int_eq(arm64_bbm_conflict_table(&page, &t, false), ARM64_BBM_SAME);
	t.prefix = 2;
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SAME);
	t.prefix = 1;
	/* A table of the guest's own. */
	t.kind = ARM64_TLB_EL1;
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SAME);
	t.kind = ARM64_TLB_IPA;
	t.tag = arm64_tlb_tag(2, 0);
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SAME);
	block = host(5, 0x200000, 0x600000, 2);
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SAME);
	t.kind = ARM64_TLB_EL2;
	t.tag = 5;
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SIZE);
	t.tag = 6;
	ck_assert_int_eq(arm64_bbm_conflict_table(&block, &t, false), ARM64_BBM_SAME);
}
END_TEST

START_TEST(two_tables)
{
	struct arm64_tlb_table a = {
		.prefix = 1, .tag = arm64_tlb_tag(1, 0), .kind = ARM64_TLB_IPA, .level = 2, .shift = 21, .granule = 12,
		.table = 0x5000, .valid = true,
	}, b = a;

	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_SAME);
	b.table = 0x6000;
	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_ADDRESS);
	b.tag = arm64_tlb_tag(2, 0);
	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_SAME);
	b.tag = a.tag;
	b.prefix = 2;
	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_SAME);
	b.prefix = 1;
	a.kind = b.kind = ARM64_TLB_EL1;
	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_SAME);
	a.kind = b.kind = ARM64_TLB_EL2;
	ck_assert_int_eq(arm64_bbm_conflict_tables(&a, &b), ARM64_BBM_ADDRESS);
	ck_assert_str_eq(arm64_bbm_name(ARM64_BBM_ADDRESS), "output address");
}
END_TEST

/* --- what has been compared --- */

static struct arm64_bbm_seen seen;

static bool again(struct arm64_tlb_entry e)
{
	e.s1.desc_pa = e.kind == ARM64_TLB_EL2 ? 0x9000 : 0;
	e.s2.desc_pa = e.kind == ARM64_TLB_IPA ? 0x8000 : 0;
	return arm64_bbm_seen(&seen, &e);
}

START_TEST(each_translation_is_compared_once)
{
	struct arm64_tlb_entry e = ipa(1, 0x5000, 0x8000, 3);

	memset(&seen, 0, sizeof(seen));
	/* Nothing can be there yet. */
	ck_assert(again(e));
	ck_assert(again(e));
	/* What may change without break-before-make is the same translation. */
	e.s2.desc ^= 3 << 6 | 1 << 10;
	ck_assert(again(e));
	e.s2.desc ^= 1 << 2;
	ck_assert(!again(e));
	ck_assert(!again(ipa(1, 0x5000, 0x9000, 3)));
	ck_assert(again(ipa(2, 0x5000, 0x9000, 3)));
	ck_assert(again(ipa(1, 0x6000, 0x9000, 3)));
	/* A process may have global entries, which have another tag. */
	ck_assert(!again(host(5, 0x5000, 0x9000, 3)));
	ck_assert(!again(host(6, 0x5000, 0x9000, 3)));
	/* All of these are the last ones of their address and space. */
	ck_assert(again(ipa(1, 0x5000, 0x9000, 3)));
	ck_assert(again(ipa(2, 0x5000, 0x9000, 3)));
	ck_assert(again(host(5, 0x5000, 0x9000, 3)));
	/* And back. */
	ck_assert(!again(ipa(1, 0x5000, 0x8000, 3)));
}
END_TEST

START_TEST(a_table_elsewhere_is_another_translation)
{
	struct arm64_tlb_entry e = ipa(1, 0x5000, 0x8000, 3);

	memset(&seen, 0, sizeof(seen));
	e.s2.desc_pa = 0x1000;
	ck_assert(arm64_bbm_seen(&seen, &e));
	e.s2.desc_pa = 0x2000;
	ck_assert(!arm64_bbm_seen(&seen, &e));
	ck_assert(arm64_bbm_seen(&seen, &e));
}
END_TEST

START_TEST(pages_and_blocks_in_turn)
{
	struct arm64_tlb_entry block = ipa(1, 0x200000, 0x600000, 2), page = ipa(1, 0x205000, 0x605000, 3);
	struct arm64_tlb_entry next = ipa(1, 0x206000, 0x606000, 3), group = ipa(1, 0x208000, 0x608000, 3);

	memset(&seen, 0, sizeof(seen));
	ck_assert(again(page));
	ck_assert(again(next));
	ck_assert(again(page));
	ck_assert(!again(block));
	ck_assert(again(block));
	ck_assert(!again(page));
	/* That comparison would have found the block for this one, too. */
	ck_assert(again(next));
	ck_assert(again(page));
	ck_assert(!again(block));
	ck_assert(!again(next));
	ck_assert(!again(block));
	/* A page that is new, where a block was, and is no more. */
	ck_assert(!again(page));
	ck_assert(!again(ipa(1, 0x207000, 0x607000, 3)));
	ck_assert(!again(block));
	/* A contiguous group has the size of neither; the page lies in it. */
	group.s2.size = 16;
	group = *arm64_tlb_fill(&tlb, 0x208000, &group);
	ck_assert(!again(group));
	ck_assert(!again(block));
	ck_assert(!again(group));
	ck_assert(again(group));
	ck_assert(!again(page));
	ck_assert(!again(group));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 break-before-make");
	TCase *t = tcase_create("bbm");

	tcase_add_loop_test(t, a_leaf, 0, (int)(sizeof(changes) / sizeof(changes[0])));
	tcase_add_test(t, a_block);
	tcase_add_test(t, a_table);
	tcase_add_test(t, entries_of_stage2);
	tcase_add_test(t, combined_entries_by_their_ipa);
	tcase_add_test(t, entries_of_the_host);
	tcase_add_test(t, a_leaf_where_a_table_was);
	tcase_add_test(t, two_tables);
	tcase_add_test(t, each_translation_is_compared_once);
	tcase_add_test(t, a_table_elsewhere_is_another_translation);
	tcase_add_test(t, pages_and_blocks_in_turn);
	suite_add_tcase(s, t);
	return run_suite(s);
}
