// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of models/arm64/walk.c on tables in a small array: granules, start levels, blocks, rights, hardware
 * updates and the order of faults.
 */
#include <check.h>
#include <string.h>
#include "../../models/arm64/walk.h"
#include "suite.h"

#define BIT64(n) (1ULL << (n))
#define MEMORY 0x200000
static uint64_t memory[MEMORY / 8];
static unsigned int reads, writes;
static uint64_t *intruder;	/* changed behind the walker's back before its first update */
static uint64_t intruder_value;

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

static const struct arm64_memory ram = { .read = read_desc, .cmpxchg = update_desc, .ctx = memory };

/* Bits of descriptors. */
enum { VALID = 1, TABLE = 3, PAGE = 3, BLOCK = 1, AF = 1 << 10, NG = 1 << 11, USER = 1 << 6, RO = 1 << 7 };
enum { S2_R = 1 << 6, S2_W = 1 << 7, S2_RW = 3 << 6, S2_WB = 0xf << 2 };
#define DBM BIT64(51)
#define CONTIGUOUS BIT64(52)
#define PXN BIT64(53)
#define UXN BIT64(54)

/* Tables at fixed places; 64 KiB apart, so that they suit all granules. */
enum { L0 = 0x10000, L1 = 0x20000, L2 = 0x30000, L3 = 0x40000 };

static struct arm64_features have;
static struct arm64_regime regime;
static struct arm64_stage2_regs stage2;
static struct arm64_leaf leaf;
static struct arm64_fault fault;

static const struct arm64_access load = { .read = true }, store = { .write = true }, fetch = { .fetch = true };
static const struct arm64_access swap = { .read = true, .write = true, .atomic = true };
static const struct arm64_access user_load = { .read = true, .user = true };
static const struct arm64_access user_store = { .write = true, .user = true };
static const struct arm64_access user_fetch = { .fetch = true, .user = true };
static const struct arm64_access pan_load = { .read = true, .pan = true }, clean = { .maintenance = true };
static const struct arm64_access user_clean = { .maintenance = true, .user = true };

#define T0SZ(bits) (64ULL - (bits))
#define T1SZ(bits) ((64ULL - (bits)) << 16)
#define TG0_16K (2ULL << 14)
#define TG0_64K (1ULL << 14)
#define TG1_4K (2ULL << 30)
#define IPS_48 (5ULL << 32)
#define TCR_HA BIT64(39)
#define TCR_HD BIT64(40)
#define SL0(n) ((uint64_t)(n) << 6)
#define PS_48 (5ULL << 16)
#define VTCR_HA BIT64(21)
#define VTCR_HD BIT64(22)

/* An address whose indexes at 4 KiB are 3, 5, 7, 9. */
#define ADDR (3ULL << 39 | 5ULL << 30 | 7ULL << 21 | 9ULL << 12 | 0x123)

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

static uint64_t *l3(void)
{
	return &memory[L3 / 8 + 9];
}

static bool walk1(uint64_t va, struct arm64_access a)
{
	struct arm64_tables t;
	uint64_t in;

	memset(&fault, 0, sizeof(fault));
	return arm64_s1_tables(&have, &regime, va, a.user, &t, &in, &fault) &&
	       arm64_walk(&t, &ram, NULL, in, &a, &leaf, &fault);
}

static bool walk2(uint64_t ipa, struct arm64_access a)
{
	struct arm64_tables t;

	memset(&fault, 0, sizeof(fault));
	return arm64_s2_tables(&have, &stage2, ipa, &t, &fault) &&
	       arm64_walk(&t, &ram, NULL, ipa, &a, &leaf, &fault);
}

static void expect_fault(bool ok, unsigned int fsc)
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

/* --- hardware updates --- */

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
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	/* The weaker one of both stages, ... */
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xf << 2, ARM64_NORMAL_WB), ARM64_NORMAL_WB);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0xf << 2, ARM64_DEVICE_GRE), ARM64_DEVICE_GRE);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x5 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x7 << 2, ARM64_NORMAL_WB), ARM64_NORMAL_NC);
	ck_assert_uint_eq(arm64_memtype_combined(&t, 0x1 << 2, ARM64_NORMAL_WB), ARM64_DEVICE_nGnRE);
	/* ... or what stage 2 forces. */
	stage2.hcr |= ARM64_HCR_FWB;
	ck_assert(arm64_s2_tables(&have, &stage2, 0, &t, &fault));
	ck_assert_uint_eq(arm64_memtype_combined(&t, 6 << 2, ARM64_DEVICE_nGnRnE), ARM64_NORMAL_WB);
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

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

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
	tcase_add_loop_test(t, stage1_rights, 0, COUNT(s1_rights));
	tcase_add_test(t, write_implies_execute_never);
	tcase_add_test(t, who_may_do_what);
	tcase_add_loop_test(t, stage2_rights, 0, COUNT(s2_rights));
	tcase_add_test(t, stage2_permission_faults);
	tcase_add_loop_test(t, stage2_start_levels, 0, COUNT(s2_starts));
	tcase_add_test(t, small_tables_at_stage2_need_a_feature);
	tcase_add_test(t, concatenated_tables);
	tcase_add_test(t, access_flag);
	tcase_add_test(t, dirty_state_of_stage2);
	tcase_add_test(t, dirty_state_of_stage1);
	tcase_add_test(t, an_update_that_loses_looks_again);
	tcase_add_test(t, at_changes_nothing);
	tcase_add_test(t, descriptors_behind_stage2);
	tcase_add_test(t, memory_types);
	tcase_add_test(t, asids_and_vmids);
	tcase_add_test(t, syndromes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
