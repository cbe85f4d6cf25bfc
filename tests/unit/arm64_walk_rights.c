// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of what a leaf allows at stage 1 and stage 2, a part of test_arm64_walk. */
#include "test_arm64_walk.h"

/* --- stage 1 rights --- */

static const struct {
	uint64_t desc;
	uint64_t table;		/* in the level 1 descriptor */
	unsigned int rights;
} s1_rights[] = {
	{ 0, 0, ARM64_R | ARM64_W | ARM64_X | ARM64_UX },
	{ RO, 0, ARM64_R | ARM64_X | ARM64_UX },
	{ USER, 0, ARM64_R | ARM64_W | ARM64_UR | ARM64_UW | ARM64_UX },
	{ USER | RO, 0, ARM64_R | ARM64_UR | ARM64_X | ARM64_UX },
	{ PXN, 0, ARM64_R | ARM64_W | ARM64_UX },
	{ UXN, 0, ARM64_R | ARM64_W | ARM64_X },
	{ USER, BIT64(62), ARM64_R | ARM64_UR | ARM64_X | ARM64_UX },
	{ USER, BIT64(61), ARM64_R | ARM64_W | ARM64_X | ARM64_UX },
	{ RO, BIT64(60), ARM64_R | ARM64_X },
	{ RO, BIT64(59), ARM64_R | ARM64_UX },
	{ USER, BIT64(62) | BIT64(61), ARM64_R | ARM64_X | ARM64_UX },
	{ USER, BIT64(61) | BIT64(60) | BIT64(59), ARM64_R | ARM64_W },
	{ USER, BIT64(62) | BIT64(60), ARM64_R | ARM64_UR | ARM64_X },
};

START_TEST(stage1_rights)
{
	memory[L1 / 8 + 5] |= s1_rights[_i].table;
	*l3() |= s1_rights[_i].desc;
	ck_assert(walk1(ADDR, clean));
	ck_assert_uint_eq(leaf.rights, s1_rights[_i].rights);
	ck_assert_uint_eq(leaf.via_rights[0], ARM64_ALL_RIGHTS);
	ck_assert_uint_eq(leaf.via_rights[2] == ARM64_ALL_RIGHTS, !s1_rights[_i].table);
	/* Stage 2 ignores those bits of its tables. */
	*l3() |= S2_R;
	ck_assert(walk2(ADDR, load));
	/* HPD0 */
	*l3() = 0x77000 | PAGE | AF | s1_rights[_i].desc;
	regime.tcr |= BIT64(41);
	ck_assert(walk1(ADDR, clean));
	if (s1_rights[_i].table)
		ck_assert_uint_ne(leaf.rights, s1_rights[_i].rights);
	else
		ck_assert_uint_eq(leaf.rights, s1_rights[_i].rights);
}
END_TEST

START_TEST(write_implies_execute_never)
{
	regime.sctlr |= ARM64_SCTLR_WXN;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.rights, ARM64_R | ARM64_W | ARM64_UX);
	*l3() |= USER;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.rights, ARM64_R | ARM64_W | ARM64_UR | ARM64_UW);
}
END_TEST

START_TEST(who_may_do_what)
{
	static const unsigned int perm = ARM64_FSC_PERMISSION | 3;

	expect_fault(walk1(ADDR, user_load), perm);
	ck_assert(!fault.write);
	expect_fault(walk1(ADDR, user_store), perm);
	ck_assert(fault.write);
	expect_fault(walk1(ADDR, user_clean), perm);
	ck_assert(fault.write);
	ck_assert(walk1(ADDR, pan_load));
	*l3() |= USER;
	ck_assert(walk1(ADDR, user_store));
	ck_assert(walk1(ADDR, load));
	expect_fault(walk1(ADDR, pan_load), perm);
	ck_assert(walk1(ADDR, user_fetch));
	expect_fault(walk1(ADDR, fetch), perm);
	*l3() |= RO | UXN;
	expect_fault(walk1(ADDR, store), perm);
	expect_fault(walk1(ADDR, swap), perm);
	ck_assert(fault.write);
	expect_fault(walk1(ADDR, user_fetch), perm);
	ck_assert(walk1(ADDR, fetch));
	ck_assert(walk1(ADDR, clean));
	ck_assert(walk1(ADDR, user_clean));
}
END_TEST

/* --- stage 2 rights --- */

static const struct {
	uint64_t desc;
	unsigned int rights, rights_without_xnx;
} s2_rights[] = {
	{ 0, ARM64_X | ARM64_UX, ARM64_X | ARM64_UX },
	{ S2_R, ARM64_R | ARM64_UR | ARM64_X | ARM64_UX, ARM64_R | ARM64_UR | ARM64_X | ARM64_UX },
	{ S2_W, ARM64_W | ARM64_UW | ARM64_X | ARM64_UX, ARM64_W | ARM64_UW | ARM64_X | ARM64_UX },
	{ PXN, ARM64_UX, ARM64_X | ARM64_UX },
	{ UXN, 0, 0 },
	{ UXN | PXN, ARM64_X, 0 },
};

START_TEST(stage2_rights)
{
	*l3() |= s2_rights[_i].desc;
	ck_assert(walk2(ADDR, clean));
	ck_assert_uint_eq(leaf.rights, s2_rights[_i].rights);
	have.xnx = false;
	ck_assert(walk2(ADDR, clean));
	ck_assert_uint_eq(leaf.rights, s2_rights[_i].rights_without_xnx);
}
END_TEST

START_TEST(stage2_permission_faults)
{
	*l3() |= S2_R;
	ck_assert(walk2(ADDR, load));
	ck_assert(walk2(ADDR, user_load));
	ck_assert(!leaf.global);
	ck_assert_uint_eq(leaf.via_rights[1], ARM64_ALL_RIGHTS);
	expect_fault(walk2(ADDR, swap), ARM64_FSC_PERMISSION | 3);
	ck_assert(fault.write);
	ck_assert(fault.stage2);
	ck_assert_uint_eq(fault.ipa, ADDR);
	expect_fault(walk2(ADDR, store), ARM64_FSC_PERMISSION | 3);
	/* PAN is stage 1's. */
	ck_assert(walk2(ADDR, pan_load));
	*l3() |= UXN;
	expect_fault(walk2(ADDR, fetch), ARM64_FSC_PERMISSION | 3);
	ck_assert_uint_eq(arm64_iss(&fault, &fetch), ARM64_FSC_PERMISSION | 3);
}
END_TEST

void add_rights_tests(TCase *t)
{
	tcase_add_loop_test(t, stage1_rights, 0, COUNT(s1_rights));
	tcase_add_test(t, write_implies_execute_never);
	tcase_add_test(t, who_may_do_what);
	tcase_add_loop_test(t, stage2_rights, 0, COUNT(s2_rights));
	tcase_add_test(t, stage2_permission_faults);
}
