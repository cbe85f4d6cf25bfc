// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of where stage 2 begins, and of stage 1 under it, a part of test_arm64_walk. */
#include "test_arm64_walk.h"

static const struct {
	uint64_t vtcr;
	unsigned int pa_bits;
	bool ok;
	unsigned int level;
	uint64_t align;		/* of the table */
} s2_starts[] = {
	{ T0SZ(48) | SL0(2), 48, true, 0, 0x1000 },
	{ T0SZ(48) | SL0(2), 44, true, 0, 0x1000 },
	{ T0SZ(48) | SL0(2), 42, false, 0, 0 },
	{ T0SZ(49) | SL0(2), 48, false, 0, 0 },
	{ T0SZ(40) | SL0(1), 48, true, 1, 0x2000 },	/* two tables */
	{ T0SZ(40) | SL0(2), 48, true, 0, 0x10 },
	{ T0SZ(43) | SL0(1), 48, true, 1, 0x10000 },	/* sixteen */
	{ T0SZ(44) | SL0(1), 48, false, 0, 0 },
	{ T0SZ(39) | SL0(2), 48, false, 0, 0 },		/* level 0 without an index */
	{ T0SZ(32) | SL0(0), 48, true, 2, 0x4000 },
	{ T0SZ(35) | SL0(0), 48, false, 0, 0 },
	{ T0SZ(25) | SL0(3), 48, true, 3, 0x10000 },
	{ T0SZ(40) | SL0(1) | TG0_16K, 48, true, 2, 0x40000 },
	{ T0SZ(47) | SL0(2) | TG0_16K, 48, true, 1, 0x4000 },
	{ T0SZ(47) | SL0(2) | TG0_16K, 42, true, 1, 0x4000 },
	{ T0SZ(47) | SL0(2) | TG0_16K, 40, false, 0, 0 },
	{ T0SZ(47) | SL0(3) | TG0_16K, 48, false, 0, 0 },
	{ T0SZ(40) | SL0(1) | TG0_64K, 48, true, 2, 0x4000 },
	{ T0SZ(46) | SL0(1) | TG0_64K, 48, true, 2, 0x100000 },
	{ T0SZ(48) | SL0(2) | TG0_64K, 48, true, 1, 0x200 },
	{ T0SZ(48) | SL0(2) | TG0_64K, 44, true, 1, 0x200 },
	{ T0SZ(48) | SL0(2) | TG0_64K, 42, false, 0, 0 },
};

START_TEST(stage2_start_levels)
{
	struct arm64_tables t;

	stage2.vtcr = s2_starts[_i].vtcr | PS_48;
	stage2.vttbr = 0x7ffffffffffe;
	have.pa_bits = s2_starts[_i].pa_bits;
	if (have.pa_bits < 48)
		stage2.vttbr = 0xfffffffffeULL;
	if (!s2_starts[_i].ok) {
		expect_fault(arm64_s2_tables(&have, &stage2, 0, &t, &fault), ARM64_FSC_TRANSLATION);
		ck_assert(fault.stage2);
		return;
	}
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	ck_assert_uint_eq(t.start_level, s2_starts[_i].level);
	ck_assert_uint_eq(t.base & -t.base, s2_starts[_i].align);
}
END_TEST

START_TEST(small_tables_at_stage2_need_a_feature)
{
	struct arm64_tables t;

	stage2.vtcr = T0SZ(25) | SL0(3) | PS_48;
	have.ttst = false;
	expect_fault(arm64_s2_tables(&have, &stage2, 0, &t, &fault), ARM64_FSC_TRANSLATION);
}
END_TEST

START_TEST(concatenated_tables)
{
	/* 40 bits from level 1: two tables of 512 entries in a row. */
	stage2.vtcr = T0SZ(40) | SL0(1) | PS_48;
	stage2.vttbr = 0x52000 | 0x1234ULL << 48;
	memory[(0x52000 + 0x1000) / 8 + 5] = L2 | TABLE;
	*l3() |= S2_R;
	ck_assert(walk2((ADDR & (BIT64(39) - 1)) | BIT64(39), load));
	ck_assert_uint_eq(leaf.out, 0x77123);
	expect_fault(walk2(ADDR & (BIT64(39) - 1), load), ARM64_FSC_TRANSLATION | 1);
	expect_fault(walk2(BIT64(40), load), ARM64_FSC_TRANSLATION | 0);
	ck_assert_uint_eq(fault.ipa, BIT64(40));
}
END_TEST

/* --- a guest's tables under stage 2 --- */

#define GUEST_BASE 0x1000000ULL	/* intermediate physical address of memory[0] */
static uint64_t forbidden;
static bool located_write, forbid_writes;

static bool locate(void *ctx, uint64_t ipa, bool write, uint64_t *pa, struct arm64_fault *f)
{
	ck_assert_ptr_eq(ctx, &forbidden);
	located_write |= write;
	if (ipa == forbidden || (write && forbid_writes)) {
		*f = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_TRANSLATION | 2, .stage2 = true,
					   .s1ptw = true, .ipa = ipa };
		return false;
	}
	*pa = ipa - GUEST_BASE;
	return true;
}

START_TEST(descriptors_behind_stage2)
{
	struct arm64_tables t;
	uint64_t in;

	memory[L0 / 8 + 3] += GUEST_BASE;
	memory[L1 / 8 + 5] += GUEST_BASE;
	memory[L2 / 8 + 7] += GUEST_BASE;
	regime.ttbr[0] += GUEST_BASE;
	regime.tcr |= TCR_HA;
	*l3() &= ~(uint64_t)AF;
	ck_assert(arm64_s1_tables(&have, &regime, ADDR, false, &t, &in, &fault));
	t.locate = locate;
	t.locate_ctx = &forbidden;
	forbidden = 0;
	located_write = false;
	ck_assert(arm64_walk(&t, &ram, NULL, in, &load, &leaf, &fault));
	ck_assert_uint_eq(leaf.out, 0x77123);
	ck_assert_uint_eq(leaf.desc_pa, L3 + 9 * 8);
	ck_assert_uint_eq(leaf.desc_ipa, L3 + 9 * 8 + GUEST_BASE);
	ck_assert_uint_eq(leaf.via_table[2], L3 + GUEST_BASE);
	/* The access flag had to be written, which stage 2 must allow. */
	ck_assert(located_write);
	*l3() &= ~(uint64_t)AF;
	forbid_writes = true;
	ck_assert(!arm64_walk(&t, &ram, NULL, in, &load, &leaf, &fault));
	ck_assert_uint_eq(fault.ipa, L3 + 9 * 8 + GUEST_BASE);
	ck_assert_uint_eq(*l3() & AF, 0);
	forbid_writes = false;
	forbidden = L2 + 7 * 8 + GUEST_BASE;
	ck_assert(!arm64_walk(&t, &ram, NULL, in, &store, &leaf, &fault));
	ck_assert(fault.s1ptw && fault.stage2 && !fault.write);
	ck_assert_uint_eq(fault.ipa, forbidden);
	ck_assert_uint_eq(arm64_iss(&fault, &store), ARM64_FSC_TRANSLATION | 2 | ARM64_ISS_S1PTW);
	/* What was read is known nevertheless. */
	ck_assert_uint_eq(leaf.via[1].desc_pa, L1 + 5 * 8);
	ck_assert_uint_eq(leaf.via[2].desc_pa, ARM64_NO_ADDR);
}
END_TEST

void add_stage2_tests(TCase *t)
{
	tcase_add_loop_test(t, stage2_start_levels, 0, COUNT(s2_starts));
	tcase_add_test(t, small_tables_at_stage2_need_a_feature);
	tcase_add_test(t, concatenated_tables);
	tcase_add_test(t, descriptors_behind_stage2);
}
