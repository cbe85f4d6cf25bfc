// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the access flag and the dirty state that the hardware sets, a part of test_arm64_walk. */
#include "test_arm64_walk.h"

START_TEST(access_flag)
{
	*l3() = 0x77000 | PAGE | S2_R;
	expect_fault(walk2(ADDR, load), ARM64_FSC_ACCESS_FLAG | 3);
	/* Before rights. */
	expect_fault(walk2(ADDR, store), ARM64_FSC_ACCESS_FLAG | 3);
	stage2.vtcr |= VTCR_HA;
	expect_fault(walk2(ADDR, store), ARM64_FSC_PERMISSION | 3);
	ck_assert_uint_eq(*l3() & AF, 0);
	ck_assert(walk2(ADDR, load));
	ck_assert_uint_ne(*l3() & AF, 0);
	ck_assert_uint_eq(leaf.desc, *l3());
	ck_assert_uint_eq(writes, 1);
	ck_assert(walk2(ADDR, load));
	ck_assert_uint_eq(writes, 1);
	*l3() &= ~(uint64_t)AF;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ACCESS_FLAG | 3);
	have.haf = false;
	expect_fault(walk2(ADDR, load), ARM64_FSC_ACCESS_FLAG | 3);
	regime.tcr |= TCR_HA;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ACCESS_FLAG | 3);
	have.haf = true;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_ne(*l3() & AF, 0);
}
END_TEST

START_TEST(dirty_state_of_stage2)
{
	*l3() |= S2_R | DBM;
	stage2.vtcr |= VTCR_HA;
	expect_fault(walk2(ADDR, store), ARM64_FSC_PERMISSION | 3);
	stage2.vtcr |= VTCR_HD;
	ck_assert(walk2(ADDR, load));
	ck_assert(!leaf.dirty);
	ck_assert_uint_ne(leaf.rights & ARM64_W, 0);
	ck_assert_uint_eq(*l3() & S2_W, 0);
	ck_assert(walk2(ADDR, store));
	ck_assert(leaf.dirty);
	ck_assert_uint_ne(*l3() & S2_W, 0);
	*l3() &= ~(uint64_t)S2_W;
	have.dbm = false;
	expect_fault(walk2(ADDR, store), ARM64_FSC_PERMISSION | 3);
	/* HD without HA has no effect. */
	have.dbm = true;
	stage2.vtcr &= ~VTCR_HA;
	expect_fault(walk2(ADDR, store), ARM64_FSC_PERMISSION | 3);
}
END_TEST

START_TEST(dirty_state_of_stage1)
{
	*l3() |= RO | DBM;
	expect_fault(walk1(ADDR, store), ARM64_FSC_PERMISSION | 3);
	regime.tcr |= TCR_HD;
	expect_fault(walk1(ADDR, store), ARM64_FSC_PERMISSION | 3);
	regime.tcr |= TCR_HA;
	have.dbm = false;
	expect_fault(walk1(ADDR, store), ARM64_FSC_PERMISSION | 3);
	have.dbm = true;
	ck_assert(walk1(ADDR, store));
	ck_assert_uint_eq(*l3() & RO, 0);
	/* A table descriptor's APTable cannot be lifted. */
	*l3() |= RO;
	memory[L0 / 8 + 3] |= BIT64(62);
	expect_fault(walk1(ADDR, store), ARM64_FSC_PERMISSION | 3);
	ck_assert_uint_ne(*l3() & RO, 0);
}
END_TEST

START_TEST(an_update_that_loses_looks_again)
{
	*l3() = 0x77000 | PAGE | S2_R;
	stage2.vtcr |= VTCR_HA;
	intruder = l3();
	intruder_value = 0x99000 | PAGE | S2_R;
	ck_assert(walk2(ADDR, load));
	ck_assert_uint_eq(leaf.out, 0x99123);
	ck_assert_uint_eq(*l3(), 0x99000 | PAGE | S2_R | AF);
	*l3() = 0x77000 | PAGE | S2_R;
	intruder = l3();
	intruder_value = 0;
	expect_fault(walk2(ADDR, load), ARM64_FSC_TRANSLATION | 3);
	ck_assert_uint_eq(*l3(), 0);
}
END_TEST

START_TEST(at_changes_nothing)
{
	struct arm64_access at = { .write = true, .at = true };

	*l3() = 0x77000 | PAGE | RO | DBM;
	regime.tcr |= TCR_HA | TCR_HD;
	ck_assert(walk1(ADDR, at));
	ck_assert_uint_eq(*l3(), 0x77000 | PAGE | RO | DBM);
}
END_TEST

void add_update_tests(TCase *t)
{
	tcase_add_test(t, access_flag);
	tcase_add_test(t, dirty_state_of_stage2);
	tcase_add_test(t, dirty_state_of_stage1);
	tcase_add_test(t, an_update_that_loses_looks_again);
	tcase_add_test(t, at_changes_nothing);
}
