// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/arm64/cache.c: which maintenance makes written data, and new instructions, visible to whom. */
#include <check.h>
#include <string.h>
#include "../../models/arm64/cache.h"
#include "suite.h"

#define PAGES 4
static struct arm64_cache_page page[PAGES];
static struct arm64_caches caches;
static struct arm64_features have;

#define WB ARM64_NORMAL_WB
#define NC ARM64_NORMAL_NC
#define LEN 8

static void setup(void)
{
	memset(page, 0, sizeof(page));
	caches = (struct arm64_caches){ .page = page, .pages = PAGES };
	have = (struct arm64_features){ .dic = false, .idc = false };
}

static void clean(uint64_t pa, uint64_t len)
{
	uint64_t line;

	for (line = pa & -ARM64_CACHE_LINE; line < pa + len; line += ARM64_CACHE_LINE)
		arm64_cache_clean_poc(&caches, line);
}

static bool data_stale(uint64_t pa, enum arm64_memtype type)
{
	return arm64_cache_stale(&caches, pa, LEN, type);
}

static bool code_stale(unsigned int cpu, uint64_t pa)
{
	return arm64_icache_stale(&caches, cpu, &have, pa, 4, WB);
}

START_TEST(nothing_is_clean_at_first)
{
	ck_assert(data_stale(0x1000, NC));
	ck_assert(data_stale(0x1000, ARM64_DEVICE_nGnRE));
	ck_assert(!data_stale(0x1000, WB));
	ck_assert(!data_stale(0x1000, ARM64_NORMAL_WT));
	ck_assert(code_stale(0, 0x1000));
	/* Outside of memory there is nothing to be seen. */
	ck_assert(!data_stale(PAGES << 12, NC));
	ck_assert(!code_stale(0, PAGES << 12));
	arm64_cache_write(&caches, PAGES << 12, LEN, WB);
	arm64_cache_clean_poc(&caches, PAGES << 12);
	arm64_icache_line(&caches, PAGES << 12, true);
}
END_TEST

START_TEST(data_by_lines)
{
	clean(0x1000, 0x1000);
	ck_assert(!arm64_cache_stale(&caches, 0x1000, 0x1000, NC));
	ck_assert(data_stale(0x1ffc, NC));
	ck_assert(data_stale(0x0ffc, NC));
	arm64_cache_write(&caches, 0x1078, LEN + 1, WB);
	ck_assert(data_stale(0x1040, NC));
	ck_assert(data_stale(0x1080, NC));
	ck_assert(!data_stale(0x1038, NC));
	ck_assert(!data_stale(0x10c0, NC));
	clean(0x1040, LEN);
	ck_assert(!data_stale(0x1040, NC));
	ck_assert(data_stale(0x1080, NC));
}
END_TEST

START_TEST(across_pages)
{
	clean(0, 0x4000);
	ck_assert(!arm64_cache_stale(&caches, 0, 0x4000, NC));
	arm64_cache_write(&caches, 0x1ff8, 0x1010, WB);
	ck_assert(!data_stale(0x1f80, NC));
	ck_assert(data_stale(0x1ff8, NC));
	ck_assert(data_stale(0x2800, NC));
	ck_assert(data_stale(0x3000, NC));
	ck_assert(!data_stale(0x3040, NC));
	ck_assert(arm64_cache_stale(&caches, 0x1f80, 0x80, NC));
}
END_TEST

START_TEST(what_is_written_around_the_caches_is_in_memory)
{
	clean(0x1000, LEN);
	arm64_cache_write(&caches, 0x1000, LEN, NC);
	ck_assert(!data_stale(0x1000, NC));
	arm64_cache_write(&caches, 0x1000, LEN, ARM64_NORMAL_WT);
	ck_assert(data_stale(0x1000, NC));
}
END_TEST

START_TEST(clean_to_unification_is_not_clean_to_coherency)
{
	arm64_cache_clean_pou(&caches, 0x1000);
	ck_assert(data_stale(0x1000, NC));
}
END_TEST

/* Who needs which of: clean to PoU, invalidate. */
static const struct {
	bool idc, dic, clean, invalidate, stale;
} code[] = {
	{ false, false, true, true, false }, { false, false, false, true, true }, { false, false, true, false, true },
	{ true, false, false, true, false }, { true, false, true, false, true },
	{ false, true, true, false, false }, { false, true, false, false, true },
	{ true, true, false, false, false },
};

START_TEST(new_instructions)
{
	unsigned int how;

	have.idc = code[_i].idc;
	have.dic = code[_i].dic;
	for (how = 0; how < 3; how++) {
		arm64_cache_write(&caches, 0x1000, 0x1000, WB);
		if (code[_i].clean)
			arm64_cache_clean_pou(&caches, 0x1040);
		if (code[_i].invalidate && how == 0)
			arm64_icache_line(&caches, 0x1040, have.idc);
		else if (code[_i].invalidate)
			arm64_icache_all(&caches, how == 1 ? 3 : -1);
		ck_assert_uint_eq(code_stale(3, 0x1044), code[_i].stale);
	}
}
END_TEST

START_TEST(each_write_anew)
{
	have.idc = true;
	arm64_icache_line(&caches, 0x1000, true);
	ck_assert(!code_stale(0, 0x1000));
	ck_assert(code_stale(0, 0x1040));
	arm64_cache_write(&caches, 0x1000, LEN, NC);
	ck_assert(code_stale(0, 0x1000));
	arm64_icache_all(&caches, -1);
	ck_assert(!code_stale(0, 0x1000));
	arm64_cache_write(&caches, 0x1000, LEN, WB);
	ck_assert(code_stale(0, 0x1000));
}
END_TEST

START_TEST(one_cpu_or_all)
{
	have.idc = true;
	arm64_icache_all(&caches, 1);
	ck_assert(!code_stale(1, 0x1000));
	ck_assert(code_stale(0, 0x1000));
	arm64_icache_all(&caches, 0);
	ck_assert(code_stale(2, 0x1000));
	arm64_icache_all(&caches, -1);
	ck_assert(!code_stale(2, 0x1000));
}
END_TEST

/* Invalidation before the data is clean brings the old instruction back. */
START_TEST(the_order_matters)
{
	arm64_icache_line(&caches, 0x1000, false);
	arm64_icache_all(&caches, -1);
	arm64_cache_clean_pou(&caches, 0x1000);
	ck_assert(code_stale(0, 0x1000));
	arm64_icache_line(&caches, 0x1000, false);
	ck_assert(!code_stale(0, 0x1000));
}
END_TEST

START_TEST(fetches_around_the_caches)
{
	have.idc = have.dic = true;
	ck_assert(!arm64_icache_stale(&caches, 0, &have, 0x1000, 4, WB));
	ck_assert(arm64_icache_stale(&caches, 0, &have, 0x1000, 4, NC));
	clean(0x1000, LEN);
	ck_assert(!arm64_icache_stale(&caches, 0, &have, 0x1000, 4, NC));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 caches");
	TCase *t = tcase_create("cache");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nothing_is_clean_at_first);
	tcase_add_test(t, data_by_lines);
	tcase_add_test(t, across_pages);
	tcase_add_test(t, what_is_written_around_the_caches_is_in_memory);
	tcase_add_test(t, clean_to_unification_is_not_clean_to_coherency);
	tcase_add_loop_test(t, new_instructions, 0, 8);
	tcase_add_test(t, each_write_anew);
	tcase_add_test(t, one_cpu_or_all);
	tcase_add_test(t, the_order_matters);
	tcase_add_test(t, fetches_around_the_caches);
	suite_add_tcase(s, t);
	return run_suite(s);
}
