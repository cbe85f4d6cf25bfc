// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of models/arm64/xlate.c: both stages and the TLB together, with a guest's tables in a small array. What is
 * cached stays until the TLB maintenance that the architecture asks for.
 */
#include <check.h>
#include <string.h>
#include "../../models/arm64/tlbi.h"
#include "../../models/arm64/xlate.h"
#include "suite.h"

#define BIT64(n) (1ULL << (n))
#define MEMORY 0x100000
static uint64_t memory[MEMORY / 8];
static unsigned int reads;

static bool read_desc(void *ctx, uint64_t pa, uint64_t *desc)
{
	reads++;
	if (pa >= MEMORY)
		return false;
	*desc = memory[pa / 8];
	return true;
}

static bool update_desc(void *ctx, uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	memory[pa / 8] = new;
	*done = true;
	return true;
}

static const struct arm64_memory ram = { .read = read_desc, .cmpxchg = update_desc };

enum { TABLE = 3, PAGE = 3, BLOCK = 1, AF = 1 << 10, NG = 1 << 11, USER = 1 << 6, RO = 1 << 7 };
enum { S2_R = 1 << 6, S2_W = 1 << 7, S2_RW = 3 << 6, S2_WB = 0xf << 2, S2_DEVICE = 1 << 2 };
#define DBM BIT64(51)

/* Stage 2, from level 1, 39 bits: maps intermediate physical pages 0x40000000.. to memory. */
enum { S2_L1 = 0x1000, S2_L2 = 0x2000, S2_L3 = 0x3000, HOST_L0 = 0x8000, HOST_L1 = 0x9000, HOST_L2 = 0xa000,
       HOST_L3 = 0xb000 };
/* The guest's tables; their pages in memory, and as it sees them. */
enum { G_L0 = 0x10000, G_L1 = 0x11000, G_L2 = 0x12000, G_L3 = 0x13000, G_DATA = 0x20000 };
#define IPA(pa) (0x40000000ULL + (pa))

/* The guest maps this address to IPA(G_DATA). Its indexes are 1, 2, 3, 4. */
#define VA (1ULL << 39 | 2ULL << 30 | 3ULL << 21 | 4ULL << 12)

static struct arm64_tlb tlb;
static struct arm64_features have;
static struct arm64_regime el1, el2;
static struct arm64_stage2_regs s2;
static struct arm64_mmu guest, host;
static struct arm64_xlat x;

static const struct arm64_access load = { .read = true }, store = { .write = true }, fetch = { .fetch = true };

static uint64_t *s2_page(uint64_t pa)
{
	return &memory[S2_L3 / 8 + pa / 0x1000];
}

static uint64_t *g_page(void)
{
	return &memory[G_L3 / 8 + 4];
}

static void setup(void)
{
	static const uint64_t page[] = { G_L0, G_L1, G_L2, G_L3, G_DATA };
	unsigned int i;

	memset(memory, 0, sizeof(memory));
	memset(&tlb, 0, sizeof(tlb));
	reads = 0;
	have = (struct arm64_features){
		.pa_bits = 48, .asid16 = true, .vmid16 = true, .haf = true, .dbm = true, .fwb = true, .ttl = true,
	};
	memory[S2_L1 / 8 + 1] = S2_L2 | TABLE;
	memory[S2_L2 / 8] = S2_L3 | TABLE;
	for (i = 0; i < 5; i++)
		*s2_page(page[i]) = page[i] | PAGE | AF | S2_RW | S2_WB;
	memory[G_L0 / 8 + 1] = IPA(G_L1) | TABLE;
	memory[G_L1 / 8 + 2] = IPA(G_L2) | TABLE;
	memory[G_L2 / 8 + 3] = IPA(G_L3) | TABLE;
	*g_page() = IPA(G_DATA) | PAGE | AF | NG;
	memory[HOST_L0 / 8 + 1] = HOST_L1 | TABLE;
	memory[HOST_L1 / 8 + 2] = HOST_L2 | TABLE;
	memory[HOST_L2 / 8 + 3] = HOST_L3 | TABLE;
	memory[HOST_L3 / 8 + 4] = G_DATA | PAGE | AF | NG | USER;
	el1 = (struct arm64_regime){
		.sctlr = ARM64_SCTLR_M | ARM64_SCTLR_C | ARM64_SCTLR_I, .mair = 0xff,
		.tcr = 16 | 16ULL << 16 | 2ULL << 30 | 5ULL << 32 | BIT64(36),
		.ttbr = { IPA(G_L0) | 5ULL << 48, IPA(G_L0) },
	};
	el2 = el1;
	el2.ttbr[0] = HOST_L0 | 5ULL << 48;
	s2 = (struct arm64_stage2_regs){
		.hcr = ARM64_HCR_VM | ARM64_HCR_E2H, .vtcr = 25 | 1 << 6 | 5ULL << 16 | BIT64(19),
		.vttbr = S2_L1 | 7ULL << 48,
	};
	guest = (struct arm64_mmu){ .have = &have, .memory = &ram, .tlb = &tlb, .s1 = &el1, .s2 = &s2 };
	host = guest;
	host.s1 = &el2;
	host.el2 = true;
}

static bool go(const struct arm64_mmu *m, uint64_t addr, struct arm64_access a)
{
	bool ok;

	memset(&x, 0, sizeof(x));
	reads = 0;
	ok = arm64_xlate(m, addr, &a, &x);
	ck_assert_uint_eq(ok, !x.fault.failed);
	ck_assert_ptr_null(arm64_tlb_validate(&tlb));
	return ok;
}

static void expect_fault(bool ok, unsigned int fsc, bool stage2, bool s1ptw, uint64_t ipa)
{
	ck_assert(!ok);
	ck_assert_uint_eq(x.fault.fsc, fsc);
	ck_assert_uint_eq(x.fault.stage2, stage2);
	ck_assert_uint_eq(x.fault.s1ptw, s1ptw);
	if (stage2)
		ck_assert_uint_eq(x.fault.ipa, ipa);
}

static void tlbi(const char *name, uint64_t arg)
{
	struct arm64_tlbi_state state = { .have = &have, .hcr = s2.hcr, .vmid = 7 };
	struct arm64_tlbi op;

	ck_assert_ptr_null(arm64_tlbi_decode(name, arg, &state, &op));
	arm64_tlbi(&tlb, &op);
}

START_TEST(both_stages)
{
	struct arm64_tlb_entry *e;

	ck_assert(go(&guest, VA + 0x123, load));
	ck_assert_uint_eq(x.pa, G_DATA + 0x123);
	ck_assert_uint_eq(x.ipa, IPA(G_DATA) + 0x123);
	ck_assert_uint_eq(x.shift, 12);
	ck_assert(!x.hit);
	/* Four tables, the access, and both stages combined; table descriptors spare the rest of stage 2's walks. */
	ck_assert_uint_eq(x.nr_filled, 6);
	ck_assert_uint_eq(reads, 4 + 3 + 4);
	e = arm64_tlb_lookup(&tlb, ARM64_TLB_EL1, arm64_current_tag(&guest), VA);
	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_eq(e, &tlb.entry[x.filled[5]]);
	ck_assert_uint_eq(e->s1.desc_pa, G_L3 + 4 * 8);
	ck_assert_uint_eq(e->s2.desc_pa, S2_L3 + G_DATA / 0x1000 * 8);
	ck_assert_uint_eq(e->tag, arm64_tlb_tag(7, 5));
	ck_assert_uint_eq(e->s2.root, S2_L1);
	ck_assert_uint_eq(e->s1.root, IPA(G_L0));
	ck_assert_ptr_nonnull(arm64_tlb_lookup(&tlb, ARM64_TLB_IPA, arm64_tlb_tag(7, 0), IPA(G_L3)));
	ck_assert(go(&guest, VA + 0x456, load));
	ck_assert(x.hit);
	ck_assert_uint_eq(x.pa, G_DATA + 0x456);
	ck_assert_uint_eq(x.ipa, IPA(G_DATA) + 0x456);
	ck_assert_uint_eq(reads, 0);
	ck_assert_uint_eq(x.nr_filled, 0);
}
END_TEST

START_TEST(other_address_spaces_do_not_see_it)
{
	ck_assert(go(&guest, VA, load));
	s2.vttbr ^= 1ULL << 48;
	ck_assert(go(&guest, VA, load));
	ck_assert(!x.hit);
	s2.vttbr ^= 1ULL << 48;
	el1.ttbr[0] ^= 2ULL << 48;
	ck_assert(go(&guest, VA, load));
	ck_assert(!x.hit);
	ck_assert(go(&host, VA, load));
	ck_assert(!x.hit);
	el1.sctlr = 0;
	expect_fault(go(&guest, VA, load), ARM64_FSC_TRANSLATION, true, false, VA);
	ck_assert(!x.hit);
	el1.sctlr = ARM64_SCTLR_M;
	el1.ttbr[0] ^= 2ULL << 48;
	ck_assert(go(&guest, VA, load));
	ck_assert(x.hit);
}
END_TEST

START_TEST(a_global_page_belongs_to_all_asids)
{
	*g_page() &= ~(uint64_t)NG;
	ck_assert(go(&guest, VA, load));
	el1.ttbr[0] ^= 2ULL << 48;
	ck_assert(go(&guest, VA, load));
	ck_assert(x.hit);
	s2.vttbr ^= 1ULL << 48;
	ck_assert(go(&guest, VA, load));
	ck_assert(!x.hit);
}
END_TEST

START_TEST(stage1_off)
{
	el1.sctlr = 0;
	ck_assert(go(&guest, IPA(G_DATA) + 8, load));
	ck_assert_uint_eq(x.pa, G_DATA + 8);
	ck_assert_uint_eq(x.ipa, IPA(G_DATA) + 8);
	ck_assert_uint_eq(x.memtype, ARM64_DEVICE_nGnRnE);
	ck_assert_uint_eq(x.nr_filled, 2);
	ck_assert(go(&guest, IPA(G_DATA) + 16, fetch));
	ck_assert(x.hit);
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_NC);
	el1.sctlr = ARM64_SCTLR_I;
	tlbi("vmalle1", 0);
	ck_assert(go(&guest, IPA(G_DATA) + 16, fetch));
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_WT);
	el1.sctlr = 0;
	expect_fault(go(&guest, 1ULL << 48, store), ARM64_FSC_ADDRESS_SIZE, false, false, 0);
	ck_assert(x.fault.write);
	expect_fault(go(&guest, 0x1000, load), ARM64_FSC_TRANSLATION | 1, true, false, 0x1000);
	/* HCR.DC: Normal, and SCTLR.M does not count. */
	s2.hcr = ARM64_HCR_DC;
	el1.sctlr = ARM64_SCTLR_M;
	tlbi("vmalls12e1", 0);
	ck_assert(go(&guest, IPA(G_DATA), load));
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_WB);
}
END_TEST

START_TEST(addresses_out_of_range_never_hit)
{
	ck_assert(go(&guest, VA, load));
	expect_fault(go(&guest, VA | 1ULL << 60, load), ARM64_FSC_TRANSLATION, false, false, 0);
	ck_assert(!x.fault.write);
	expect_fault(go(&guest, VA | 1ULL << 60, store), ARM64_FSC_TRANSLATION, false, false, 0);
	ck_assert(x.fault.write);
	el1.tcr |= BIT64(37);
	ck_assert(go(&guest, VA | 1ULL << 60, load));
	ck_assert(x.hit);
	ck_assert(go(&guest, VA | 0xffffULL << 48, load));
	ck_assert(!x.hit);
	ck_assert_uint_eq(x.pa, G_DATA);
}
END_TEST

START_TEST(the_host_has_no_stage2)
{
	ck_assert(go(&host, VA + 8, (struct arm64_access){ .write = true, .user = true }));
	ck_assert_uint_eq(x.pa, G_DATA + 8);
	ck_assert_uint_eq(x.nr_filled, 1);
	ck_assert_uint_eq(tlb.entry[x.filled[0]].kind, ARM64_TLB_EL2);
	ck_assert_uint_eq(tlb.entry[x.filled[0]].tag, 5);
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_WB);
	ck_assert_uint_eq(x.ipa, 0);
	memory[HOST_L3 / 8 + 4] &= ~(uint64_t)USER;
	ck_assert(go(&host, VA, (struct arm64_access){ .fetch = true, .at = true }));
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_WB);
	ck_assert(go(&host, VA + 8, load));
	ck_assert(x.hit);
	memory[HOST_L3 / 8 + 5] = 0;
	expect_fault(go(&host, VA + 0x1000, load), ARM64_FSC_TRANSLATION | 3, false, false, 0);
}
END_TEST

START_TEST(stage2_faults)
{
	*s2_page(G_DATA) = 0;
	expect_fault(go(&guest, VA + 8, store), ARM64_FSC_TRANSLATION | 3, true, false, IPA(G_DATA) + 8);
	ck_assert(x.fault.write);
	*s2_page(G_DATA) = G_DATA | PAGE | AF | S2_R | S2_WB;
	expect_fault(go(&guest, VA + 8, store), ARM64_FSC_PERMISSION | 3, true, false, IPA(G_DATA) + 8);
	/* Failures are not cached. */
	*s2_page(G_DATA) |= S2_W;
	ck_assert(go(&guest, VA + 8, store));
}
END_TEST

START_TEST(faults_on_a_stage1_walk)
{
	static const uint64_t tables[] = { G_L0, G_L1, G_L2, G_L3 };
	static const unsigned int index[] = { 1, 2, 3, 4 };
	uint64_t was = *s2_page(tables[_i]);

	*s2_page(tables[_i]) = 0;
	expect_fault(go(&guest, VA, store), ARM64_FSC_TRANSLATION | 3, true, true, IPA(tables[_i]) + 8 * index[_i]);
	ck_assert(!x.fault.write);
	*s2_page(tables[_i]) = was;
	ck_assert(go(&guest, VA, store));
}
END_TEST

START_TEST(a_table_that_may_not_be_written)
{
	el1.tcr |= BIT64(39);
	*g_page() &= ~(uint64_t)AF;
	*s2_page(G_L3) &= ~(uint64_t)S2_W;
	expect_fault(go(&guest, VA, load), ARM64_FSC_PERMISSION | 3, true, true, IPA(G_L3) + 4 * 8);
	ck_assert(x.fault.write);
	ck_assert_uint_eq(*g_page() & AF, 0);
	/* AT does not write. */
	ck_assert(go(&guest, VA, (struct arm64_access){ .read = true, .at = true }));
	tlbi("ipas2e1", IPA(G_L3) >> 12);
	*s2_page(G_L3) |= S2_W;
	ck_assert(go(&guest, VA, load));
	ck_assert_uint_ne(*g_page() & AF, 0);
}
END_TEST

START_TEST(tables_in_device_memory)
{
	*s2_page(G_L2) = G_L2 | PAGE | AF | S2_RW | S2_DEVICE;
	ck_assert(go(&guest, VA, load));
	tlbi("vmalls12e1", 0);
	s2.hcr |= ARM64_HCR_PTW;
	expect_fault(go(&guest, VA, load), ARM64_FSC_PERMISSION | 3, true, true, IPA(G_L2) + 3 * 8);
	/* Normal memory is allowed, of any kind. */
	*s2_page(G_L2) = G_L2 | PAGE | AF | S2_RW | 5 << 2;
	tlbi("vmalls12e1", 0);
	ck_assert(go(&guest, VA, load));
}
END_TEST

START_TEST(stage1_faults)
{
	*g_page() |= RO;
	expect_fault(go(&guest, VA, store), ARM64_FSC_PERMISSION | 3, false, false, 0);
	*g_page() = 0;
	expect_fault(go(&guest, VA, store), ARM64_FSC_TRANSLATION | 3, false, false, 0);
	ck_assert(x.fault.write);
}
END_TEST

/* --- what stays until when --- */

START_TEST(an_entry_without_a_right_stays)
{
	*s2_page(G_DATA) &= ~(uint64_t)S2_W;
	ck_assert(go(&guest, VA, load));
	*s2_page(G_DATA) |= S2_W;
	expect_fault(go(&guest, VA, store), ARM64_FSC_PERMISSION | 3, true, false, IPA(G_DATA));
	ck_assert_uint_eq(reads, 0);
	tlbi("vmalle1", 0);
	/* The entry of stage 2 alone still says so. */
	expect_fault(go(&guest, VA, store), ARM64_FSC_PERMISSION | 3, true, false, IPA(G_DATA));
	tlbi("ipas2e1", IPA(G_DATA) >> 12);
	ck_assert(go(&guest, VA, store));
	*g_page() |= RO;
	tlbi("vmalle1", 0);
	ck_assert(go(&guest, VA, load));
	*g_page() &= ~(uint64_t)RO;
	expect_fault(go(&guest, VA, store), ARM64_FSC_PERMISSION | 3, false, false, 0);
	tlbi("vale1", VA >> 12 | 5ULL << 48);
	ck_assert(go(&guest, VA, store));
}
END_TEST

START_TEST(unmapping_needs_both_invalidations)
{
	ck_assert(go(&guest, VA, load));
	*s2_page(G_DATA) = 0;
	ck_assert(go(&guest, VA, load));
	if (_i) {
		tlbi("vmalle1", 0);
		ck_assert(go(&guest, VA, load));
		ck_assert(!x.hit);
		tlbi("ipas2e1", IPA(G_DATA) >> 12);
		/* It came back through the other one: the order matters. */
		ck_assert(go(&guest, VA, load));
		tlbi("vmalle1", 0);
	} else {
		tlbi("ipas2e1", IPA(G_DATA) >> 12);
		ck_assert(go(&guest, VA, load));
		ck_assert(x.hit);
		tlbi("vmalle1", 0);
	}
	expect_fault(go(&guest, VA, load), ARM64_FSC_TRANSLATION | 3, true, false, IPA(G_DATA));
}
END_TEST

START_TEST(removing_a_table_needs_more_than_the_leaf)
{
	ck_assert(go(&guest, VA, load));
	/* The level 3 table of stage 2 moves away. */
	memcpy(&memory[0xc000 / 8], &memory[S2_L3 / 8], 0x1000);
	memset(&memory[S2_L3 / 8], 0, 0x1000);
	memory[S2_L2 / 8] = 0xc000 | TABLE;
	tlbi(_i ? "ipas2e1" : "ipas2le1", IPA(G_DATA) >> 12);
	tlbi("vmalle1", 0);
	if (_i)
		ck_assert(go(&guest, VA, load));
	else
		expect_fault(go(&guest, VA, load), ARM64_FSC_TRANSLATION | 3, true, false, IPA(G_DATA));
}
END_TEST

START_TEST(a_guest_that_removes_a_table)
{
	ck_assert(go(&guest, VA, load));
	memory[G_L2 / 8 + 3] = 0;
	tlbi("vale1", VA >> 12 | 5ULL << 48);
	ck_assert(go(&guest, VA, load));
	ck_assert(!x.hit);
	tlbi("vae1", VA >> 12 | 5ULL << 48);
	expect_fault(go(&guest, VA, load), ARM64_FSC_TRANSLATION | 2, false, false, 0);
}
END_TEST

START_TEST(dirty_state)
{
	s2.vtcr |= BIT64(21) | BIT64(22);
	*s2_page(G_DATA) = G_DATA | PAGE | AF | S2_R | S2_WB | DBM;
	ck_assert(go(&guest, VA, load));
	ck_assert_uint_eq(*s2_page(G_DATA) & S2_W, 0);
	/* The entry allows it, but the descriptor must be told. */
	ck_assert(go(&guest, VA, store));
	ck_assert(!x.hit);
	ck_assert_uint_ne(*s2_page(G_DATA) & S2_W, 0);
	ck_assert(go(&guest, VA, store));
	ck_assert(x.hit);
	/* Made clean without TLB maintenance: the next write goes unnoticed. */
	*s2_page(G_DATA) &= ~(uint64_t)S2_W;
	ck_assert(go(&guest, VA, store));
	ck_assert_uint_eq(*s2_page(G_DATA) & S2_W, 0);
	tlbi("ipas2e1", IPA(G_DATA) >> 12);
	tlbi("vmalle1", 0);
	ck_assert(go(&guest, VA, store));
	ck_assert_uint_ne(*s2_page(G_DATA) & S2_W, 0);
}
END_TEST

START_TEST(at_leaves_no_trace)
{
	struct arm64_access at = { .read = true, .at = true };
	unsigned int i;

	ck_assert(go(&guest, VA + 0x678, at));
	ck_assert_uint_eq(x.pa, G_DATA + 0x678);
	ck_assert_uint_eq(x.nr_filled, 0);
	arm64_tlb_for_each(&tlb, i)
		ck_abort_msg("AT filled the TLB");
	arm64_tlb_for_each_table(&tlb, i)
		ck_abort_msg("AT cached a table");
	/* Stage 1 alone: what the guest would get, whatever stage 2 says of that. */
	*s2_page(G_DATA) = 0;
	expect_fault(go(&guest, VA, at), ARM64_FSC_TRANSLATION | 3, true, false, IPA(G_DATA));
	at.stage1_only = true;
	ck_assert(go(&guest, VA + 8, at));
	ck_assert_uint_eq(x.pa, IPA(G_DATA) + 8);
	*s2_page(G_L2) = 0;
	expect_fault(go(&guest, VA, at), ARM64_FSC_TRANSLATION | 3, true, true, IPA(G_L2) + 3 * 8);
}
END_TEST

START_TEST(an_entry_has_the_smaller_page)
{
	/* Stage 2 maps 2 MiB; the guest's page is 4 KiB. */
	memory[S2_L2 / 8] = 0 | BLOCK | AF | S2_RW | S2_WB;
	ck_assert(go(&guest, VA, load));
	ck_assert_uint_eq(x.shift, 12);
	ck_assert_uint_eq(x.pa, G_DATA);
	/* All five addresses are in the block. */
	ck_assert_uint_eq(x.nr_filled, 2);
	memory[G_L2 / 8 + 3] = IPA(0) | BLOCK | AF | NG;
	tlbi("vmalle1", 0);
	ck_assert(go(&guest, VA, load));
	ck_assert_uint_eq(x.shift, 21);
	ck_assert_uint_eq(x.pa, 4 << 12);
}
END_TEST

START_TEST(unaligned_and_atomic)
{
	struct arm64_access word = { .read = true, .bytes = 8 };
	struct arm64_access swap = { .read = true, .write = true, .atomic = true, .bytes = 8 };

	ck_assert(go(&guest, VA + 1, word));
	ck_assert(go(&guest, VA + 8, swap));
	/* SCTLR.A */
	el1.sctlr |= ARM64_SCTLR_A;
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	ck_assert(!x.fault.write);
	ck_assert(go(&guest, VA + 8, word));
	el1.sctlr &= ~ARM64_SCTLR_A;
	/* Device memory by stage 2, by stage 1. */
	*s2_page(G_DATA) = G_DATA | PAGE | AF | S2_RW | S2_DEVICE;
	tlbi("vmalls12e1", 0);
	ck_assert(go(&guest, VA + 8, word));
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, true, false, IPA(G_DATA) + 1);
	expect_fault(go(&guest, VA + 8, swap), ARM64_FSC_ATOMIC, true, false, IPA(G_DATA) + 8);
	ck_assert(x.fault.write);
	el1.mair = 0;
	tlbi("vmalls12e1", 0);
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	ck_assert(!x.fault.write);
	expect_fault(go(&guest, VA + 8, swap), ARM64_FSC_ATOMIC, false, false, 0);
	/* Maintenance has no alignment. */
	ck_assert(go(&guest, VA + 1, (struct arm64_access){ .maintenance = true, .bytes = 8 }));
	/* Stage 2 forces Write-Back; but alignment is checked by stage 1's own type, also on a hit, before rights. */
	s2.hcr |= ARM64_HCR_FWB;
	*s2_page(G_DATA) = G_DATA | PAGE | AF | S2_RW | 6 << 2;
	tlbi("vmalls12e1", 0);
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	ck_assert(go(&guest, VA + 8, swap));
	ck_assert_uint_eq(x.memtype, ARM64_NORMAL_WB);
	word.user = true;
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	tlbi("vmalls12e1", 0);
	expect_fault(go(&guest, VA + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	expect_fault(go(&guest, VA + 8, word), ARM64_FSC_PERMISSION | 3, false, false, 0);
	word.user = false;
	/* So do accesses with stage 1 off, unless HCR.DC is set. */
	el1.sctlr = 0;
	expect_fault(go(&guest, IPA(G_DATA) + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	ck_assert(go(&guest, IPA(G_DATA) + 8, word));
	expect_fault(go(&guest, IPA(G_DATA) + 1, word), ARM64_FSC_ALIGNMENT, false, false, 0);
	s2.hcr |= ARM64_HCR_DC;
	tlbi("vmalle1", 0);
	ck_assert(go(&guest, IPA(G_DATA) + 1, word));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arm64 translation");
	TCase *t = tcase_create("xlate");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, both_stages);
	tcase_add_test(t, other_address_spaces_do_not_see_it);
	tcase_add_test(t, a_global_page_belongs_to_all_asids);
	tcase_add_test(t, stage1_off);
	tcase_add_test(t, addresses_out_of_range_never_hit);
	tcase_add_test(t, the_host_has_no_stage2);
	tcase_add_test(t, stage2_faults);
	tcase_add_loop_test(t, faults_on_a_stage1_walk, 0, 4);
	tcase_add_test(t, a_table_that_may_not_be_written);
	tcase_add_test(t, tables_in_device_memory);
	tcase_add_test(t, stage1_faults);
	tcase_add_test(t, an_entry_without_a_right_stays);
	tcase_add_loop_test(t, unmapping_needs_both_invalidations, 0, 2);
	tcase_add_loop_test(t, removing_a_table_needs_more_than_the_leaf, 0, 2);
	tcase_add_test(t, a_guest_that_removes_a_table);
	tcase_add_test(t, dirty_state);
	tcase_add_test(t, at_leaves_no_trace);
	tcase_add_test(t, an_entry_has_the_smaller_page);
	tcase_add_test(t, unaligned_and_atomic);
	suite_add_tcase(s, t);
	return run_suite(s);
}
