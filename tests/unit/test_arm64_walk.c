// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of models/arm64/walk.c on tables in a small array: granules, start levels, blocks, memory types. Rights,
 * stage 2 and hardware updates are in arm64_walk_*.c.
 */
#include <string.h>
#include "suite.h"
#include "test_arm64_walk.h"

uint64_t memory[MEMORY / 8];
unsigned int reads, writes;
uint64_t *intruder, intruder_value;

static bool read_desc(void *ctx, uint64_t pa, uint64_t *desc)
{
	ck_assert_ptr_eq(ctx, memory);
	reads++;
	if (pa >= MEMORY)
		return false;
	*desc = memory[pa / 8];
	return true;
}

static bool update_desc(void *ctx, uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	ck_assert_ptr_eq(ctx, memory);
	writes++;
	if (pa >= MEMORY)
		return false;
	if (intruder) {
		*intruder = intruder_value;
		intruder = NULL;
	}
	*done = memory[pa / 8] == *old;
	if (*done)
		memory[pa / 8] = new;
	else
		*old = memory[pa / 8];
	return true;
}

const struct arm64_memory ram = { .read = read_desc, .cmpxchg = update_desc, .ctx = memory };

struct arm64_features have;
struct arm64_regime regime;
struct arm64_stage2_regs stage2;
struct arm64_leaf leaf;
struct arm64_fault fault;

static void setup(void)
{
	memset(memory, 0, sizeof(memory));
	reads = writes = 0;
	intruder = NULL;
	have = (struct arm64_features){
		.pa_bits = 48, .asid16 = true, .vmid16 = true, .haf = true, .dbm = true, .xnx = true, .fwb = true,
		.ttst = true,
	};
	regime = (struct arm64_regime){
		.sctlr = ARM64_SCTLR_M | ARM64_SCTLR_C, .tcr = T0SZ(48) | T1SZ(48) | TG1_4K | IPS_48, .mair = 0xff,
		.ttbr = { L0, L0 },
	};
	stage2 = (struct arm64_stage2_regs){ .hcr = ARM64_HCR_VM, .vtcr = T0SZ(48) | SL0(2) | PS_48, .vttbr = L0 };
	memory[L0 / 8 + 3] = L1 | TABLE;
	memory[L1 / 8 + 5] = L2 | TABLE;
	memory[L2 / 8 + 7] = L3 | TABLE;
	memory[L3 / 8 + 9] = 0x77000 | PAGE | AF;
}

uint64_t *l3(void)
{
	return &memory[L3 / 8 + 9];
}

bool walk1(uint64_t va, struct arm64_access a)
{
	struct arm64_tables t;
	uint64_t in;

	memset(&fault, 0, sizeof(fault));
	return arm64_s1_tables(&have, &regime, va, a.user, &t, &in, &fault) &&
	       arm64_walk(&t, &ram, NULL, in, &a, &leaf, &fault);
}

bool walk2(uint64_t ipa, struct arm64_access a)
{
	struct arm64_tables t;

	memset(&fault, 0, sizeof(fault));
	return arm64_s2_tables(&have, &stage2, ipa, &t, &fault) &&
	       arm64_walk(&t, &ram, NULL, ipa, &a, &leaf, &fault);
}

void expect_fault(bool ok, unsigned int fsc)
{
	ck_assert(!ok);
	ck_assert(fault.failed);
	ck_assert_uint_eq(fault.fsc, fsc);
}

START_TEST(four_levels)
{
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.out, 0x77123);
	ck_assert_uint_eq(leaf.level, 3);
	ck_assert_uint_eq(leaf.size, 12);
	ck_assert_uint_eq(leaf.desc_pa, L3 + 9 * 8);
	ck_assert_uint_eq(leaf.desc, 0x77000 | PAGE | AF);
	ck_assert_uint_eq(leaf.via[0].desc_pa, L0 + 3 * 8);
	ck_assert_uint_eq(leaf.via[2].desc, L3 | TABLE);
	ck_assert_uint_eq(leaf.via_table[1], L2);
	ck_assert_uint_eq(leaf.via[3].desc_pa, ARM64_NO_ADDR);
	ck_assert_uint_eq(reads, 4);
	ck_assert_uint_eq(writes, 0);
	ck_assert(leaf.global);
	ck_assert_uint_eq(leaf.memtype, ARM64_NORMAL_WB);
}
END_TEST

START_TEST(a_walk_begins_at_a_cached_table)
{
	struct arm64_start start = { .level = 3, .rights = ARM64_R | ARM64_UR, .table = L3 };
	struct arm64_tables t;
	uint64_t in;

	memory[L0 / 8 + 3] = 0;
	ck_assert(arm64_s1_tables(&have, &regime, ADDR, false, &t, &in, &fault));
	ck_assert(arm64_walk(&t, &ram, &start, in, &load, &leaf, &fault));
	ck_assert_uint_eq(leaf.out, 0x77123);
	ck_assert_uint_eq(reads, 1);
	ck_assert_uint_eq(leaf.rights, ARM64_R);
	ck_assert_uint_eq(leaf.via[2].desc_pa, ARM64_NO_ADDR);
	ck_assert(!arm64_walk(&t, &ram, &start, in, &store, &leaf, &fault));
}
END_TEST

START_TEST(halves_of_the_address_space)
{
	/* Bits 63 to 48 must equal bit 55. */
	ck_assert(walk1(ADDR | 0xffffULL << 48, load));
	expect_fault(walk1(ADDR | 0x7fffULL << 48, load), ARM64_FSC_TRANSLATION);
	expect_fault(walk1(ADDR | 1ULL << 48, load), ARM64_FSC_TRANSLATION);
	/* A tag takes their place in the top byte. */
	regime.tcr |= BIT64(37);
	ck_assert(walk1(ADDR | 0x5aULL << 56, load));
	expect_fault(walk1(ADDR | 1ULL << 48, load), ARM64_FSC_TRANSLATION);
	expect_fault(walk1(ADDR | 0x7fffULL << 48, load), ARM64_FSC_TRANSLATION);
	/* TTBR1 is the upper half's. */
	regime.ttbr[1] = L1;
	ck_assert(walk1(ADDR, load));
	expect_fault(walk1(ADDR | 0xffffULL << 48, load), ARM64_FSC_TRANSLATION);
	regime.ttbr[1] = L0;
	/* EPD1, E0PD0 */
	regime.tcr |= BIT64(23) | BIT64(55);
	*l3() |= USER;
	expect_fault(walk1(ADDR | 0xffffULL << 48, load), ARM64_FSC_TRANSLATION);
	ck_assert(walk1(ADDR, load));
	expect_fault(walk1(ADDR, user_load), ARM64_FSC_TRANSLATION);
	regime.tcr |= BIT64(7);
	expect_fault(walk1(ADDR, load), ARM64_FSC_TRANSLATION);
}
END_TEST

static const struct {
	uint64_t tg0;
	unsigned int granule, input_bits, start;
} starts[] = {
	{ 0, 12, 48, 0 }, { 0, 12, 40, 0 }, { 0, 12, 39, 1 }, { 0, 12, 31, 1 }, { 0, 12, 30, 2 }, { 0, 12, 25, 2 },
	{ TG0_16K, 14, 48, 0 }, { TG0_16K, 14, 47, 1 }, { TG0_16K, 14, 36, 2 }, { TG0_16K, 14, 25, 3 },
	{ TG0_64K, 16, 48, 1 }, { TG0_64K, 16, 42, 2 }, { TG0_64K, 16, 29, 3 },
};

START_TEST(granules_and_start_levels)
{
	struct arm64_tables t;
	uint64_t in;

	regime.tcr = T0SZ(starts[_i].input_bits) | starts[_i].tg0 | IPS_48;
	ck_assert(arm64_s1_tables(&have, &regime, 0x123456, false, &t, &in, &fault));
	ck_assert_uint_eq(t.granule, starts[_i].granule);
	ck_assert_uint_eq(t.start_level, starts[_i].start);
	ck_assert_uint_eq(in, 0x123456);
	expect_fault(walk1(1ULL << starts[_i].input_bits, load), ARM64_FSC_TRANSLATION);
}
END_TEST

START_TEST(input_sizes_that_do_not_exist)
{
	struct arm64_tables t;
	uint64_t in;

	regime.tcr = T0SZ(49) | IPS_48;
	ck_assert(!arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	regime.tcr = T0SZ(24) | IPS_48;
	ck_assert(arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	regime.tcr = T0SZ(16) | IPS_48;
	ck_assert(arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	regime.tcr = T0SZ(16) | TG0_64K | IPS_48;
	ck_assert(!arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	regime.tcr = T0SZ(17) | TG0_64K | IPS_48;
	ck_assert(arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	have.ttst = false;
	ck_assert(!arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
	regime.tcr = T0SZ(25) | IPS_48;
	ck_assert(arm64_s1_tables(&have, &regime, 0, false, &t, &in, &fault));
}
END_TEST

static const struct {
	uint64_t tg0;
	unsigned int granule, level;
	bool allowed;
	unsigned int size, contiguous;
} blocks[] = {
	{ 0, 12, 0, false, 0, 0 }, { 0, 12, 1, true, 30, 34 }, { 0, 12, 2, true, 21, 25 }, { 0, 12, 3, true, 12, 16 },
	{ TG0_16K, 14, 1, false, 0, 0 }, { TG0_16K, 14, 2, true, 25, 30 }, { TG0_16K, 14, 3, true, 14, 21 },
	{ TG0_64K, 16, 1, false, 0, 0 }, { TG0_64K, 16, 2, true, 29, 34 }, { TG0_64K, 16, 3, true, 16, 21 },
};

START_TEST(blocks_and_contiguous_groups)
{
	unsigned int level = _i < 4 ? 0 : 1;
	uint64_t va = 0x400012345678, out = 0x5000000000;
	static const uint64_t table[] = { L0, L1, L2, L3 };
	uint64_t bits = blocks[_i].level == 3 ? PAGE : BLOCK;

	memset(memory, 0, sizeof(memory));
	regime.tcr = T0SZ(_i < 4 ? 48 : 47) | blocks[_i].tg0 | IPS_48;
	regime.ttbr[0] = table[level];
	for (; level < blocks[_i].level; level++)
		memory[table[level] / 8 + (va >> arm64_level_shift(blocks[_i].granule, level) &
				       (BIT64(blocks[_i].granule - 3) - 1))] = table[level + 1] | TABLE;
	va &= BIT64(47) - 1;
	memory[table[level] / 8 + (va >> arm64_level_shift(blocks[_i].granule, level) &
				   (BIT64(blocks[_i].granule - 3) - 1))] = out | bits | AF;
	if (!blocks[_i].allowed) {
		expect_fault(walk1(va, load), ARM64_FSC_TRANSLATION | level);
		return;
	}
	ck_assert_uint_eq(arm64_contiguous_shift(blocks[_i].granule, level), blocks[_i].contiguous);
	ck_assert(walk1(va, load));
	ck_assert_uint_eq(leaf.size, blocks[_i].size);
	ck_assert_uint_eq(leaf.level, level);
	ck_assert_uint_eq(leaf.out, out | (va & (BIT64(blocks[_i].size) - 1)));
}
END_TEST

START_TEST(the_contiguous_bit)
{
	*l3() = 0x79000 | PAGE | AF | CONTIGUOUS;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.size, 16);
	ck_assert_uint_eq(leaf.out, 0x79123);
	/* Output and input differ below 64 KiB: no group. */
	*l3() = 0x78000 | PAGE | AF | CONTIGUOUS;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.size, 12);
}
END_TEST

START_TEST(translation_faults_by_level)
{
	static const struct {
		unsigned int level;
		uint64_t place, desc;
	} at[] = {
		{ 0, L0 + 3 * 8, 0 }, { 0, L0 + 3 * 8, 0x1000 | BLOCK | AF }, { 1, L1 + 5 * 8, L2 },
		{ 2, L2 + 7 * 8, 2 }, { 3, L3 + 9 * 8, 0x77000 | BLOCK | AF }, { 3, L3 + 9 * 8, 0 },
	};

	memory[at[_i].place / 8] = at[_i].desc;
	expect_fault(walk1(ADDR, store), ARM64_FSC_TRANSLATION | at[_i].level);
	ck_assert(fault.write);
	ck_assert(!fault.stage2);
	expect_fault(walk2(ADDR, load), ARM64_FSC_TRANSLATION | at[_i].level);
	ck_assert(!fault.write);
	ck_assert(fault.stage2);
	ck_assert_uint_eq(fault.ipa, ADDR);
	/* An exchange that could not even read is no write. */
	expect_fault(walk2(ADDR, swap), ARM64_FSC_TRANSLATION | at[_i].level);
	ck_assert(!fault.write);
}
END_TEST

START_TEST(address_sizes)
{
	have.pa_bits = 40;
	*l3() = BIT64(40) | PAGE | AF;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ADDRESS_SIZE | 3);
	memory[L1 / 8 + 5] = BIT64(41) | TABLE;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ADDRESS_SIZE | 1);
	regime.ttbr[0] = BIT64(42) | L0;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ADDRESS_SIZE | 0);
	/* IPS and PS say less than the machine has. */
	have.pa_bits = 48;
	regime.ttbr[0] = L0;
	memory[L1 / 8 + 5] = L2 | TABLE;
	regime.tcr &= ~IPS_48;
	*l3() = BIT64(32) | PAGE | AF;
	expect_fault(walk1(ADDR, load), ARM64_FSC_ADDRESS_SIZE | 3);
	stage2.vtcr &= ~PS_48;
	expect_fault(walk2(ADDR, load), ARM64_FSC_ADDRESS_SIZE | 3);
	ck_assert(fault.stage2);
}
END_TEST

START_TEST(no_memory_behind_a_table)
{
	memory[L1 / 8 + 5] = 0x7000000 | TABLE;
	expect_fault(walk1(ADDR, load), ARM64_FSC_EXTERNAL_WALK | 2);
}
END_TEST

/* --- memory types, tags, syndromes --- */

START_TEST(memory_types)
{
	struct arm64_tables t;

	ck_assert_uint_eq(arm64_memtype_mair(0x00), ARM64_DEVICE_nGnRnE);
	ck_assert_uint_eq(arm64_memtype_mair(0x04), ARM64_DEVICE_nGnRE);
	ck_assert_uint_eq(arm64_memtype_mair(0x0c), ARM64_DEVICE_GRE);
	ck_assert_uint_eq(arm64_memtype_mair(0x44), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_mair(0xff), ARM64_NORMAL_WB);
	ck_assert_uint_eq(arm64_memtype_mair(0xf4), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_mair(0xbb), ARM64_NORMAL_WT);
	ck_assert_uint_eq(arm64_memtype_mair(0xf0), ARM64_NORMAL_TAGGED);
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	/* The weaker one of both stages, ... */
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xf << 2, ARM64_NORMAL_WB), ARM64_NORMAL_WB);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xf << 2, ARM64_NORMAL_TAGGED), ARM64_NORMAL_TAGGED);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xb << 2, ARM64_NORMAL_TAGGED), ARM64_NORMAL_WT);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xf << 2, ARM64_DEVICE_GRE), ARM64_DEVICE_GRE);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x5 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x7 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x1 << 2, ARM64_NORMAL_WB), ARM64_DEVICE_nGnRE);
	/* ... or what stage 2 forces. */
	stage2.hcr |= ARM64_HCR_FWB;
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	ck_assert_uint_eq(arm64_memtype_combined(&t, 6 << 2, ARM64_DEVICE_nGnRnE), ARM64_NORMAL_WB);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 6 << 2, ARM64_NORMAL_TAGGED), ARM64_NORMAL_TAGGED);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 7 << 2, ARM64_NORMAL_NC), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 5 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 1 << 2, ARM64_NORMAL_WB), ARM64_DEVICE_nGnRE);
	stage2.hcr |= ARM64_HCR_CD;
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	ck_assert_uint_eq(arm64_memtype_combined(&t, 6 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	have.fwb = false;
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	ck_assert(!t.fwb);
	/* SCTLR.C */
	regime.sctlr &= ~ARM64_SCTLR_C;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.memtype, ARM64_NORMAL_NC);
	regime.mair = 0x0400;
	*l3() |= 1 << 2;
	ck_assert(walk1(ADDR, load));
	ck_assert_uint_eq(leaf.memtype, ARM64_DEVICE_nGnRE);
}
END_TEST

START_TEST(asids_and_vmids)
{
	regime.ttbr[0] |= 0x1234ULL << 48;
	regime.ttbr[1] |= 0x5678ULL << 48;
	ck_assert_uint_eq(arm64_asid(&have, &regime), 0x34);
	regime.tcr |= BIT64(36);
	ck_assert_uint_eq(arm64_asid(&have, &regime), 0x1234);
	regime.tcr |= BIT64(22);
	ck_assert_uint_eq(arm64_asid(&have, &regime), 0x5678);
	have.asid16 = false;
	ck_assert_uint_eq(arm64_asid(&have, &regime), 0x78);
	stage2.vttbr |= 0xabcdULL << 48;
	ck_assert_uint_eq(arm64_vmid(&have, &stage2), 0xcd);
	stage2.vtcr |= BIT64(19);
	ck_assert_uint_eq(arm64_vmid(&have, &stage2), 0xabcd);
	have.vmid16 = false;
	ck_assert_uint_eq(arm64_vmid(&have, &stage2), 0xcd);
	/* The ASID is no part of the table's address. */
	ck_assert(walk1(ADDR, load));
}
END_TEST

START_TEST(syndromes)
{
	fault = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_PERMISSION | 2, .write = true };
	ck_assert_uint_eq(arm64_iss(&fault, &store), 0x0e | ARM64_ISS_WNR);
	ck_assert_uint_eq(arm64_iss(&fault, &clean), 0x0e | ARM64_ISS_WNR | ARM64_ISS_CM);
	ck_assert_uint_eq(arm64_hpfar(0xabcdef123456), 0xabcdef123ULL << 4);
	ck_assert(arm64_wnr(&clean, 0));
	ck_assert(!arm64_wnr(&load, ARM64_ALL_RIGHTS));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 walk");
	TCase *t = tcase_create("walk");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, four_levels);
	tcase_add_test(t, a_walk_begins_at_a_cached_table);
	tcase_add_test(t, halves_of_the_address_space);
	tcase_add_loop_test(t, granules_and_start_levels, 0, COUNT(starts));
	tcase_add_test(t, input_sizes_that_do_not_exist);
	tcase_add_loop_test(t, blocks_and_contiguous_groups, 0, COUNT(blocks));
	tcase_add_test(t, the_contiguous_bit);
	tcase_add_loop_test(t, translation_faults_by_level, 0, 6);
	tcase_add_test(t, address_sizes);
	tcase_add_test(t, no_memory_behind_a_table);
	add_rights_tests(t);
	add_stage2_tests(t);
	add_update_tests(t);
	tcase_add_test(t, memory_types);
	tcase_add_test(t, asids_and_vmids);
	tcase_add_test(t, syndromes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
