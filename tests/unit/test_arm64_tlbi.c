// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of models/arm64/tlbi.c: what each TLB maintenance instruction removes from a TLB, and what it keeps. Every
 * entry and table descriptor has a letter; a test names those that go.
 */
#include <check.h>
#include <string.h>
#include "../../models/arm64/tlbi.h"
#include "suite.h"

static struct arm64_tlb tlb;
static struct arm64_features have;
static struct arm64_tlbi_state state;

#define EL1 ARM64_TLB_EL1
#define EL2 ARM64_TLB_EL2
#define IPA ARM64_TLB_IPA
#define NONE ARM64_NO_LEVEL
#define GLOBAL ARM64_TAG_GLOBAL
#define OFF ARM64_TAG_OFF
#define TAG(vmid, asid) ((vmid) << 16 | (asid))
#define UPPER 0xff800000005000ULL	/* in the upper half; 56 bits, as TLBI names it */

/* Pages of 4 KiB if not said otherwise: s1 and s2 are levels. */
static const struct {
	char letter;
	uint8_t kind;
	uint64_t tag, addr;
	uint8_t s1, s2;
	uint8_t granule1;
} entries[] = {
	{ 'a', EL1, TAG(1, 5), 0x5000, 3, 3, 12 },
	{ 'b', EL1, TAG(1, 6), 0x5000, 3, 3, 12 },
	{ 'c', EL1, TAG(1, 0) | GLOBAL, 0x5000, 3, 3, 12 },
	{ 'd', EL1, TAG(2, 5), 0x5000, 3, 3, 12 },
	{ 'e', EL1, TAG(1, 0) | OFF, 0x5000, NONE, 3, 0 },
	{ 'f', EL1, TAG(1, 5), 0x400000, 2, 2, 12 },	/* a block */
	{ 'g', EL1, TAG(1, 5), 0x602000, 2, 3, 12 },	/* parts of a block that is pages at stage 2 */
	{ 'h', EL1, TAG(1, 5), 0x7ff000, 2, 3, 12 },
	{ 'i', EL1, TAG(1, 5), 0x1008000, 3, 2, 14 },	/* 16 KiB */
	{ 'j', EL1, TAG(1, 5), UPPER, 3, 3, 12 },
	{ 'k', EL2, TAG(0, 5), 0x5000, 3, NONE, 12 },
	{ 'l', EL2, TAG(0, 6), 0x5000, 3, NONE, 12 },
	{ 'm', EL2, TAG(0, 0) | GLOBAL, 0x5000, 3, NONE, 12 },
	{ 'n', IPA, TAG(1, 0), 0x5000, NONE, 3, 0 },
	{ 'o', IPA, TAG(1, 0), 0x200000, NONE, 2, 0 },
	{ 'p', IPA, TAG(2, 0), 0x5000, NONE, 3, 0 },
};

/* Table descriptors above addr. */
static const struct {
	char letter;
	uint8_t kind;
	uint64_t tag, addr;
	uint8_t level;
} tables[] = {
	{ 'A', EL1, TAG(1, 5), 0x5000, 2 },
	{ 'B', EL1, TAG(1, 5), 0x5000, 1 },
	{ 'C', EL1, TAG(1, 6), 0x40005000, 2 },
	{ 'D', EL1, TAG(2, 5), 0x80005000, 2 },
	{ 'K', EL2, TAG(0, 5), 0x1c0005000, 2 },
	{ 'L', EL2, TAG(0, 6), 0x200005000, 2 },
	{ 'N', IPA, TAG(1, 0), 0x5000, 2 },
	{ 'O', IPA, TAG(1, 0), 0x5000, 1 },
	{ 'P', IPA, TAG(2, 0), 0x80005000, 2 },
};

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void setup(void)
{
	int i;

	memset(&tlb, 0, sizeof(tlb));
	for (i = 0; i < COUNT(entries); i++) {
		struct arm64_tlb_entry e = {
			.kind = entries[i].kind, .tag = entries[i].tag, .pa = entries[i].addr,
			.ipa = entries[i].kind == EL2 ? 0 : entries[i].addr,
			.s1 = { .level = entries[i].s1, .granule = entries[i].granule1 },
			.s2 = { .level = entries[i].s2, .granule = 12 },
		};

		if (e.s1.level != NONE)
			e.s1.size = arm64_level_shift(e.s1.granule, e.s1.level);
		if (e.s2.level != NONE)
			e.s2.size = arm64_level_shift(12, e.s2.level);
		arm64_tlb_fill(&tlb, entries[i].addr, &e);
	}
	for (i = 0; i < COUNT(tables); i++) {
		struct arm64_tables t = { .granule = 12, .stage2 = tables[i].kind == IPA };
		struct arm64_leaf leaf = {};
		unsigned int level;

		for (level = 0; level < ARM64_LEVELS; level++)
			leaf.via[level].desc_pa = level == tables[i].level ? 0x1000 : ARM64_NO_ADDR;
		arm64_tlb_fill_tables(&tlb, tables[i].kind, tables[i].tag, &t, tables[i].addr, &leaf);
	}
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
	have = (struct arm64_features){ .asid16 = true, .ttl = true, .range = true };
	state = (struct arm64_tlbi_state){ .have = &have, .hcr = ARM64_HCR_E2H, .vmid = 1 };
}

static bool has_entry(int n)
{
	unsigned int i;

	arm64_tlb_for_each(&tlb, i) {
		const struct arm64_tlb_entry *e = &tlb.entry[i];

		if (e->kind == entries[n].kind && e->tag == entries[n].tag && e->page == entries[n].addr >> 12)
			return true;
	}
	return false;
}

static bool has_table(int n)
{
	unsigned int i;

	arm64_tlb_for_each_table(&tlb, i) {
		const struct arm64_tlb_table *e = &tlb.table[i];

		if (e->kind == tables[n].kind && e->tag == tables[n].tag && e->level == tables[n].level &&
		    e->prefix == tables[n].addr >> e->shift)
			return true;
	}
	return false;
}

/* Executes the instruction and compares what is gone with the letters. */
static void expect_gone(const char *name, uint64_t arg, const char *letters)
{
	char gone[COUNT(entries) + COUNT(tables) + 1] = "";
	struct arm64_tlbi op;
	const char *error = arm64_tlbi_decode(name, arg, &state, &op);
	unsigned int n = 0, removed;
	int i;

	if (error)
		ck_abort_msg("%s: %s", name, error);
	removed = arm64_tlbi(&tlb, &op);
	for (i = 0; i < COUNT(entries); i++) {
		if (!has_entry(i))
			gone[n++] = entries[i].letter;
	}
	for (i = 0; i < COUNT(tables); i++) {
		if (!has_table(i))
			gone[n++] = tables[i].letter;
	}
	ck_assert_str_eq(gone, letters);
	ck_assert_uint_eq(removed, n);
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
}

/* Operands. TTL: granule 1, 2, 3 and level. */
#define VA(addr) ((addr) >> 12)
#define WITH_ASID(n) ((uint64_t)(n) << 48)
#define TTL(granule, level) ((uint64_t)(granule) << 46 | (uint64_t)(level) << 44)
/* Of ranges: (num + 1) << (5 * scale + 1) pages. */
#define RANGE(addr, tg, scale, num, level)								\
	((addr) >> (10 + 2 * (tg)) | (uint64_t)(tg) << 46 | (uint64_t)(scale) << 44 | (uint64_t)(num) << 39 |	\
	 (uint64_t)(level) << 37)

static const struct {
	const char *name;
	uint64_t arg;
	const char *gone;
} rules[] = {
	/* All of a kind. */
	{ "alle1", 0, "abcdefghijnopABCDNOP" },
	{ "alle2", 0, "klmKL" },
	{ "vmalle1", 0, "abcefghijABC" },
	{ "vmalls12e1", 0, "abcefghijnoABCNO" },
	/* An ASID: global leaves stay. */
	{ "aside1", WITH_ASID(5), "afghijAB" },
	{ "aside1", WITH_ASID(6), "bC" },
	{ "aside1", WITH_ASID(7), "" },
	/* An address: this ASID's and the global entries, and the tables above it of this ASID. */
	{ "vae1", VA(0x5000) | WITH_ASID(5), "aceAB" },
	{ "vae1", VA(0x5000) | WITH_ASID(6), "bce" },
	{ "vae1", VA(0x6000) | WITH_ASID(5), "AB" },
	{ "vale1", VA(0x5000) | WITH_ASID(5), "ace" },
	{ "vaae1", VA(0x5000), "abceAB" },
	{ "vaae1", VA(0x40006000), "C" },
	{ "vaale1", VA(0x5000), "abce" },
	{ "vae1", VA(UPPER) | WITH_ASID(5), "j" },
	/* Any address of a block; all entries that a block of stage 1 is in. */
	{ "vale1", VA(0x5ff000) | WITH_ASID(5), "f" },
	{ "vale1", VA(0x700000) | WITH_ASID(5), "gh" },
	{ "vale1", VA(0x100a000) | WITH_ASID(5), "i" },
	/* EL2&0 has ASIDs but no VMIDs. */
	{ "vae2", VA(0x5000) | WITH_ASID(5), "km" },
	{ "vale2", VA(0x5000) | WITH_ASID(6), "lm" },
	{ "vae2", VA(0x200006000) | WITH_ASID(6), "L" },
	{ "vale2", VA(0x200006000) | WITH_ASID(6), "" },
	/* Stage 2: never a combined entry. */
	{ "ipas2e1", VA(0x5000), "nNO" },
	{ "ipas2le1", VA(0x5000), "n" },
	{ "ipas2e1", VA(0x3ff000), "oO" },
	{ "ipas2e1", VA(0x80000000), "" },
	/* A hint that is right; and the tables above that level. */
	{ "vae1", VA(0x5000) | WITH_ASID(5) | TTL(1, 3), "acAB" },
	{ "vale1", VA(0x400000) | WITH_ASID(5) | TTL(1, 2), "f" },
	{ "ipas2e1", VA(0x5000) | TTL(1, 3), "nNO" },
	{ "ipas2e1", VA(0x200000) | TTL(1, 2), "oO" },
	{ "vale1", VA(0x1008000) | WITH_ASID(5) | TTL(2, 3), "i" },
	/* A wrong level, a wrong granule: nothing, but tables above the wrong level. */
	{ "vale1", VA(0x5000) | WITH_ASID(5) | TTL(1, 2), "" },
	{ "vae1", VA(0x5000) | WITH_ASID(5) | TTL(1, 2), "B" },
	{ "ipas2e1", VA(0x5000) | TTL(1, 2), "O" },
	{ "ipas2e1", VA(0x5000) | TTL(1, 1), "" },
	{ "ipas2e1", VA(0x200000) | TTL(1, 3), "O" },
	{ "ipas2e1", VA(0x5000) | TTL(2, 3), "" },
	{ "ipas2e1", VA(0x5000) | TTL(3, 3), "" },
	{ "vae1", VA(0x5000) | WITH_ASID(5) | TTL(2, 3), "" },
	/* Reserved levels, and no granule: no hint. */
	{ "ipas2e1", VA(0x5000) | TTL(1, 0), "nNO" },
	{ "ipas2e1", VA(0x5000) | TTL(0, 2), "nNO" },
	{ "ipas2e1", VA(0x5000) | TTL(2, 1), "nNO" },
	/* Ranges: 2 pages; 64 KiB + 4 KiB; up to the last page; one page short of it. */
	{ "ripas2e1", RANGE(0x4000ULL, 1, 0, 0, 0), "nNO" },
	{ "ripas2e1", RANGE(0x6000ULL, 1, 0, 0, 0), "NO" },
	{ "ripas2le1", RANGE(0x4000ULL, 1, 0, 0, 0), "n" },
	{ "ripas2le1", RANGE(0x3000ULL, 1, 0, 0, 0), "" },
	{ "ripas2le1", RANGE(0x6000ULL, 1, 0, 0, 0), "" },
	{ "ripas2le1", RANGE(0x1fe000ULL, 1, 0, 0, 0), "" },
	{ "ripas2le1", RANGE(0x1ff000ULL, 1, 0, 0, 0), "o" },
	{ "ripas2le1", RANGE(0x0ULL, 1, 1, 7, 0), "n" },
	{ "ripas2le1", RANGE(0x0ULL, 1, 1, 8, 0), "no" },
	{ "ripas2le1", RANGE(0x0ULL, 1, 3, 31, 0), "no" },
	{ "rvae1", RANGE(0x4000ULL, 1, 0, 0, 0) | WITH_ASID(5), "acAB" },
	{ "rvale1", RANGE(0x4000ULL, 1, 0, 0, 0) | WITH_ASID(6), "bc" },
	{ "rvaae1", RANGE(0x4000ULL, 1, 0, 0, 0), "abcAB" },
	{ "rvaale1", RANGE(0x4000ULL, 1, 0, 0, 0), "abc" },
	{ "rvale1", RANGE(UPPER & ((1ULL << 49) - 1), 1, 0, 0, 0) | WITH_ASID(5), "j" },
	{ "rvae2", RANGE(0x4000ULL, 1, 0, 0, 0) | WITH_ASID(5), "km" },
	{ "rvale2", RANGE(0x4000ULL, 1, 0, 0, 0) | WITH_ASID(6), "lm" },
	/* The hint of a range, and its granule. */
	{ "ripas2e1", RANGE(0x4000ULL, 1, 0, 0, 3), "nNO" },
	{ "ripas2e1", RANGE(0x4000ULL, 1, 0, 0, 2), "O" },
	{ "ripas2e1", RANGE(0x4000ULL, 2, 0, 0, 0), "" },
	{ "rvale1", RANGE(0x1008000ULL, 2, 0, 0, 0) | WITH_ASID(5), "i" },
	{ "rvale1", RANGE(0x1008000ULL, 1, 0, 0, 0) | WITH_ASID(5), "" },
};

START_TEST(each_rule)
{
	expect_gone(rules[_i].name, rules[_i].arg, rules[_i].gone);
}
END_TEST

/* The suffixes change who is told, not what is removed. */
START_TEST(suffixes)
{
	static const char *const suffix[] = { "", "is", "os", "nxs", "isnxs", "osnxs" };
	unsigned int i = _i % COUNT(suffix);
	struct arm64_tlbi op;
	char name[32];

	strcpy(name, rules[_i].name);
	strcat(name, suffix[i]);
	ck_assert_ptr_null(arm64_tlbi_decode(name, rules[_i].arg, &state, &op));
	ck_assert_uint_eq(op.broadcast, suffix[i][0] && suffix[i][0] != 'n');
	expect_gone(name, rules[_i].arg, rules[_i].gone);
}
END_TEST

START_TEST(with_tge_stage1_operations_are_the_hosts)
{
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("vmalle1", 0, "klmKL");
	setup();
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("vae1is", VA(0x5000) | WITH_ASID(5), "km");
	setup();
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("aside1is", WITH_ASID(5), "kK");
	/* Those of stage 2 are the guest's in any case. */
	setup();
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("vmalls12e1is", 0, "abcefghijnoABCNO");
	setup();
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("ipas2e1is", VA(0x5000), "nNO");
	setup();
	state.hcr |= ARM64_HCR_TGE;
	expect_gone("alle1is", 0, "abcdefghijnopABCDNOP");
}
END_TEST

START_TEST(another_vmid)
{
	state.vmid = 2;
	expect_gone("vmalle1is", 0, "dD");
	setup();
	state.vmid = 2;
	expect_gone("ipas2e1is", VA(0x5000), "p");
	setup();
	state.vmid = 2;
	expect_gone("vmalls12e1is", 0, "dpDP");
}
END_TEST

START_TEST(what_a_guest_executes_may_be_broadcast)
{
	struct arm64_tlbi op;

	state.el1 = true;
	ck_assert_ptr_null(arm64_tlbi_decode("vmalle1", 0, &state, &op));
	ck_assert(!op.broadcast && !op.el2);
	state.hcr |= ARM64_HCR_FB;
	ck_assert_ptr_null(arm64_tlbi_decode("vmalle1", 0, &state, &op));
	ck_assert(op.broadcast);
	state.el1 = false;
	ck_assert_ptr_null(arm64_tlbi_decode("vmalle1", 0, &state, &op));
	ck_assert(!op.broadcast);
}
END_TEST

START_TEST(features)
{
	struct arm64_tlbi op;

	have.range = false;
	ck_assert_ptr_nonnull(arm64_tlbi_decode("ripas2e1is", RANGE(0x4000ULL, 1, 0, 0, 0), &state, &op));
	have.range = true;
	/* Without FEAT_TTL, the bits are ignored. */
	have.ttl = false;
	expect_gone("ipas2e1", VA(0x5000) | TTL(1, 1), "nNO");
	have.asid16 = false;
	setup();
	have.asid16 = false;
	expect_gone("aside1", WITH_ASID(0x705), "afghijAB");
}
END_TEST

static const struct {
	const char *option;
	bool local, broadcast;
} barriers[] = {
	{ "sy", true, true }, { "osh", true, true }, { "ish", true, true }, { "nsh", true, false },
	{ "st", false, false }, { "ld", false, false }, { "ishst", false, false }, { "ishld", false, false },
	{ "nshst", false, false }, { "oshst", false, false },
};

START_TEST(what_a_dsb_completes)
{
	struct arm64_tlbi op;

	ck_assert_ptr_null(arm64_tlbi_decode("vmalle1", 0, &state, &op));
	ck_assert_uint_eq(arm64_dsb_waits(barriers[_i].option, &op), barriers[_i].local);
	ck_assert_ptr_null(arm64_tlbi_decode("vmalle1is", 0, &state, &op));
	ck_assert_uint_eq(arm64_dsb_waits(barriers[_i].option, &op), barriers[_i].broadcast);
}
END_TEST

START_TEST(no_such_operation)
{
	static const char *const names[] = {
		"", "r", "is", "vae3", "vmalle1x", "rvmalle1", "raside1", "vae", "vae1isx", "ipas2e2",
	};
	struct arm64_tlbi op;

	ck_assert_ptr_nonnull(arm64_tlbi_decode(names[_i], 0, &state, &op));
	ck_assert_ptr_nonnull(arm64_tlbi_decode("ripas2e1", RANGE(0x4000ULL, 1, 0, 0, 0) & ~TTL(3, 0), &state, &op));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 TLBI");
	TCase *t = tcase_create("tlbi");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, each_rule, 0, COUNT(rules));
	tcase_add_loop_test(t, suffixes, 0, COUNT(rules));
	tcase_add_test(t, with_tge_stage1_operations_are_the_hosts);
	tcase_add_test(t, another_vmid);
	tcase_add_test(t, what_a_guest_executes_may_be_broadcast);
	tcase_add_test(t, features);
	tcase_add_loop_test(t, what_a_dsb_completes, 0, COUNT(barriers));
	tcase_add_loop_test(t, no_such_operation, 0, 10);
	suite_add_tcase(s, t);
	return run_suite(s);
}
