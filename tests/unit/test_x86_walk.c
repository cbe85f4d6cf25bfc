// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/x86_64/walk.c on tables in a small array: formats, rights, A/D bits, two dimensions. */
#include <check.h>
#include <string.h>
#include "../../models/x86_64/tlb.h"
#include "../../models/x86_64/walk.h"
#include "suite.h"

#define PAGES 64
static uint64_t memory[PAGES * 512];
static unsigned int entries_read;
static int fail_next_cmpxchg;

bool x86_phys_read64(uint64_t pa, uint64_t *value)
{
	if (pa >= sizeof(memory))
		return false;
	*value = memory[pa / 8];
	return true;
}

bool x86_phys_cmpxchg64(uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	if (pa >= sizeof(memory))
		return false;
	*done = memory[pa / 8] == *old && !fail_next_cmpxchg;
	fail_next_cmpxchg = 0;
	if (*done)
		memory[pa / 8] = new;
	else
		*old = memory[pa / 8];
	return true;
}

void x86_walk_count(void)
{
	entries_read++;
}

static uint64_t *entry(unsigned int page, unsigned int index)
{
	return &memory[page * 512 + index];
}

static const struct walk_tables ept = { .format = WALK_EPT, .levels = 4, .root = 0x1000, .maxphyaddr = 46, .ad = true };
static const struct walk_tables host = {
	.format = WALK_IA32E, .levels = 4, .root = 0x1000, .maxphyaddr = 46, .nxe = true, .wp = true };

/* Tables 1 to 4 with the given rights; the leaf is entry 5 of page 4 and maps page 9. */
static void build(uint64_t rights, uint64_t leaf)
{
	*entry(1, 0) = 0x2000 | rights;
	*entry(2, 0) = 0x3000 | rights;
	*entry(3, 0) = 0x4000 | rights;
	*entry(4, 5) = 0x9000 | leaf;
}

static void setup(void)
{
	memset(memory, 0, sizeof(memory));
	entries_read = 0;
}

static struct walk_result go(const struct walk_tables *t, uint64_t addr, unsigned int access)
{
	struct walk_result r;

	x86_walk(t, addr, access, &r);
	return r;
}

START_TEST(ept_translates_and_marks)
{
	struct walk_result r;

	build(7, 7 | 6 << 3);
	r = go(&ept, 0x5678, WALK_READ);
	ck_assert_int_eq(r.status, WALK_OK);
	ck_assert_uint_eq(r.pa, 0x9678);
	ck_assert_uint_eq(r.level, 1);
	ck_assert(!r.dirty);
	ck_assert_uint_eq(entries_read, 4);
	ck_assert_uint_eq(*entry(4, 5) & 0x300, 0x100);
	ck_assert_uint_eq(*entry(1, 0) & 0x300, 0x100);
	r = go(&ept, 0x5678, WALK_WRITE);
	ck_assert(r.dirty);
	ck_assert_uint_eq(*entry(4, 5) & 0x300, 0x300);
	ck_assert_uint_eq(*entry(1, 0) & 0x300, 0x100);
}
END_TEST

/* SDM vol. 3, 30.3.6. */
START_TEST(ept_logs_what_it_makes_dirty)
{
	uint64_t page[WALK_LOG_ENTRIES] = {};
	struct walk_log log = { .entry = page, .index = 1 };
	struct walk_tables t = ept;
	uint64_t addr = 0x5678;

	t.log = &log;
	build(7, 7 | 6 << 3);
	ck_assert_int_eq(go(&t, addr, WALK_READ).status, WALK_OK);
	ck_assert_uint_eq(log.index, 1);
	ck_assert_int_eq(go(&t, addr, WALK_WRITE).status, WALK_OK);
	ck_assert_uint_eq(log.index, 0);
	ck_assert_uint_eq(page[1], 0x5000);
	ck_assert_int_eq(go(&t, addr, WALK_WRITE).status, WALK_OK);
	ck_assert_uint_eq(log.index, 0);

	/* Full: neither an accessed nor a dirty flag is set; what needs none goes on. */
	build(7, 7 | 6 << 3);
	log.index = 0xffff;
	ck_assert_int_eq(go(&t, addr, WALK_READ).status, WALK_LOG_FULL);
	ck_assert(!go(&t, addr, WALK_WRITE).pa);
	t.log = NULL;
	ck_assert_int_eq(go(&t, addr, WALK_READ).status, WALK_OK);
	t.log = &log;
	ck_assert_int_eq(go(&t, addr, WALK_READ).status, WALK_OK);
	ck_assert_int_eq(go(&t, addr, WALK_WRITE).status, WALK_LOG_FULL);
}
END_TEST

START_TEST(ept_violations_and_misconfigurations)
{
	struct walk_result r;

	r = go(&ept, 0x5000, WALK_READ);
	ck_assert_int_eq(r.status, WALK_FAULT);
	ck_assert_uint_eq(r.present_rights, 0);
	build(7, 5 | 6 << 3);
	r = go(&ept, 0x5000, WALK_WRITE);
	ck_assert_int_eq(r.status, WALK_FAULT);
	ck_assert_uint_ne(r.present_rights, 0);
	ck_assert_uint_eq(*entry(4, 5) & 0x300, 0);	/* a fault does not mark the leaf */
	build(7, 6);					/* write and execute without read */
	ck_assert_int_eq(go(&ept, 0x5000, WALK_READ).status, WALK_RESERVED);
	build(7, 7 | 1UL << 46);			/* beyond MAXPHYADDR */
	ck_assert_int_eq(go(&ept, 0x5000, WALK_READ).status, WALK_RESERVED);
	build(7, 7 | 2 << 3);				/* memory type 2 */
	ck_assert_int_eq(go(&ept, 0x5000, WALK_READ).status, WALK_RESERVED);
	build(7, 4);					/* execute-only */
	ck_assert_int_eq(go(&ept, 0x5000, WALK_FETCH).status, WALK_OK);
	ck_assert_int_eq(go(&ept, 0x5000, WALK_READ).status, WALK_FAULT);
}
END_TEST

/* SDM vol. 3, 31.3.2. */
START_TEST(ept_of_four_levels_has_no_address_above_48_bits)
{
	struct walk_tables five = ept;
	unsigned int bit;

	build(7, 7 | 6 << 3);
	for (bit = 48; bit < 52; bit++) {
		struct walk_result r = go(&ept, 0x5000 | 1UL << bit, WALK_READ);

		ck_assert_int_eq(r.status, WALK_FAULT);
		ck_assert_uint_eq(r.present_rights, 0);
	}
	ck_assert_uint_eq(entries_read, 0);
	five.levels = 5;
	*entry(1, 8) = 0x2000 | 7;
	*entry(2, 0) = 0x3000 | 7;
	*entry(3, 0) = 0x4000 | 7;
	*entry(4, 0) = 0x5000 | 7;
	*entry(5, 5) = 0x9000 | 7 | 6 << 3;
	ck_assert_uint_eq(go(&five, 0x5678 | 1UL << 51, WALK_READ).pa, 0x9678);
}
END_TEST

START_TEST(large_pages)
{
	struct walk_result r;

	*entry(1, 0) = 0x2007;
	*entry(2, 0) = 0x3007;
	*entry(3, 1) = 0x400000 | 7 | 6 << 3 | 0x80;
	r = go(&ept, 0x212345, WALK_READ);
	ck_assert_int_eq(r.status, WALK_OK);
	ck_assert_uint_eq(r.level, 2);
	ck_assert_uint_eq(r.pa, 0x412345);
	*entry(3, 1) |= 0x1000;				/* below its size */
	ck_assert_int_eq(go(&ept, 0x212345, WALK_READ).status, WALK_RESERVED);
}
END_TEST

START_TEST(ia32e_rights)
{
	struct walk_result r;
	struct walk_tables no_wp = host;

	no_wp.wp = false;
	build(7, 5);					/* user, read-only */
	ck_assert_int_eq(go(&host, 0x5000, WALK_READ | WALK_USER).status, WALK_OK);
	r = go(&host, 0x5000, WALK_WRITE | WALK_USER);
	ck_assert_int_eq(r.status, WALK_FAULT);
	ck_assert_uint_eq(r.error_code, 7);
	ck_assert_int_eq(go(&host, 0x5000, WALK_WRITE).status, WALK_FAULT);
	ck_assert_int_eq(go(&no_wp, 0x5000, WALK_WRITE).status, WALK_OK);
	ck_assert_int_eq(go(&no_wp, 0x5000, WALK_WRITE | WALK_USER).status, WALK_FAULT);
	build(7, 3);					/* supervisor */
	r = go(&host, 0x5000, WALK_READ | WALK_USER);
	ck_assert_uint_eq(r.error_code, 5);
	build(7, 7 | 1UL << 63);
	r = go(&host, 0x5000, WALK_FETCH | WALK_USER);
	ck_assert_uint_eq(r.error_code, 0x15);
	build(7, 6);					/* not present */
	ck_assert_uint_eq(go(&host, 0x5000, WALK_WRITE).error_code, 2);
	build(7, 7 | 1UL << 51);
	ck_assert_uint_eq(go(&host, 0x5000, WALK_READ).error_code, 9);
}
END_TEST

START_TEST(smep_and_smap)
{
	struct walk_tables t = host;

	build(7, 7);
	t.smep = true;
	ck_assert_int_eq(go(&t, 0x5000, WALK_FETCH).status, WALK_FAULT);
	ck_assert_int_eq(go(&t, 0x5000, WALK_FETCH | WALK_USER).status, WALK_OK);
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_OK);
	t.smap = true;
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_FAULT);
}
END_TEST

START_TEST(a_lost_race_reads_again)
{
	build(7, 7);
	fail_next_cmpxchg = 1;
	ck_assert_int_eq(go(&host, 0x5000, WALK_READ).status, WALK_OK);
	ck_assert_uint_eq(entries_read, 5);
}
END_TEST

START_TEST(pae)
{
	struct walk_tables t = { .format = WALK_PAE, .levels = 3, .root = 0x1020, .maxphyaddr = 46, .nxe = true };
	struct walk_result r;

	memory[0x1020 / 8 + 1] = 0x3001;		/* the four entries need no page of their own */
	*entry(3, 0) = 0x4007;
	*entry(4, 5) = 0x9007;
	r = go(&t, 0x40005123, WALK_WRITE | WALK_USER);
	ck_assert_int_eq(r.status, WALK_OK);
	ck_assert_uint_eq(r.pa, 0x9123);
	ck_assert_uint_eq(memory[0x1020 / 8 + 1], 0x3001);
	memory[0x1020 / 8 + 1] |= 2;
	ck_assert_int_eq(go(&t, 0x40005123, WALK_READ).status, WALK_RESERVED);
}
END_TEST

/* Guest tables in guest-physical pages 0x10 to 0x13, nested ones in pages 1 to 4 map guest page n to page n + 0x10. */
static void build_2d(void)
{
	static const struct { unsigned int page, index; uint64_t value; } guest[] = {
		{ 0x20, 0, 0x11007 }, { 0x21, 0, 0x12007 }, { 0x22, 0, 0x13007 }, { 0x23, 7, 0x15007 },
	};
	unsigned int i;

	build(7, 0);
	for (i = 0x10; i < 0x20; i++)
		*entry(4, i) = (i + 0x10) * 4096 | 7 | 6 << 3;
	for (i = 0; i < 4; i++)
		*entry(guest[i].page, guest[i].index) = guest[i].value;
}

START_TEST(two_dimensions)
{
	struct walk_tables guest = host;
	struct walk_result r;

	guest.root = 0x10000;
	build_2d();
	x86_walk_2d(&guest, &ept, 0x7123, WALK_WRITE | WALK_USER, &r);
	ck_assert_int_eq(r.status, WALK_OK);
	ck_assert_uint_eq(r.gpa, 0x15123);
	ck_assert_uint_eq(r.pa, 0x25123);
	ck_assert(r.dirty);
	ck_assert_uint_eq(entries_read, 24);
	ck_assert_uint_eq(*entry(0x23, 7) & 0x60, 0x60);
	ck_assert_uint_eq(*entry(4, 0x13) & 0x300, 0x300);	/* marking the guest's entry wrote to its page */

	*entry(4, 0x12) &= ~2UL;				/* a read-only guest table */
	x86_walk_2d(&guest, &ept, 0x7123, WALK_READ, &r);
	ck_assert_int_eq(r.status, WALK_FAULT);
	ck_assert(r.nested && r.guest_table);
	ck_assert_uint_eq(r.fault_addr, 0x12000);

	build_2d();
	*entry(4, 0x15) = 0;
	x86_walk_2d(&guest, &ept, 0x7123, WALK_READ, &r);
	ck_assert(r.nested && !r.guest_table);
	ck_assert_uint_eq(r.fault_addr, 0x15123);

	build_2d();
	*entry(0x23, 7) = 0;
	x86_walk_2d(&guest, &ept, 0x7123, WALK_READ | WALK_USER, &r);
	ck_assert_int_eq(r.status, WALK_FAULT);
	ck_assert(!r.nested);
	ck_assert_uint_eq(r.error_code, 4);
}
END_TEST

START_TEST(rights_are_the_conjunction)
{
	struct walk_tables guest = host;
	struct walk_result r;

	guest.root = 0x10000;
	build_2d();
	*entry(4, 0x15) &= ~2UL;
	x86_walk_2d(&guest, &ept, 0x7123, WALK_READ | WALK_USER, &r);
	ck_assert_int_eq(r.status, WALK_OK);
	ck_assert(!(r.rights & (TLB_W | TLB_W_SUP)));
	ck_assert(r.rights & TLB_U);
}
END_TEST

START_TEST(entries_outside_of_memory)
{
	*entry(1, 0) = 0x10000000 | 7;
	ck_assert_int_eq(go(&host, 0, WALK_READ).status, WALK_BAD_MEMORY);
}
END_TEST

/* --- paging-structure caches --- */
static struct walk_cache cache;

static struct walk_tables cached(uint64_t tag)
{
	struct walk_tables t = ept;

	memset(&cache, 0, sizeof(cache));
	t.cache = &cache;
	t.tag = tag;
	build(7, 7 | 6 << 3);
	return t;
}

/* Replaces table 4 with table 5, which maps page 10 instead of page 9. */
static void relink(void)
{
	*entry(3, 0) = 0x5000 | 7 | 1 << 8;
	*entry(5, 5) = 0xa000 | 7 | 6 << 3;
}

START_TEST(a_walk_begins_at_the_cached_table)
{
	struct walk_tables t = cached(0);

	ck_assert_uint_eq(go(&t, 0x5678, WALK_READ).pa, 0x9678);
	ck_assert_uint_eq(entries_read, 4);
	relink();
	ck_assert_uint_eq(go(&t, 0x5678, WALK_READ).pa, 0x9678);
	ck_assert_uint_eq(entries_read, 5);
	x86_walk_cache_flush(&cache);
	ck_assert_uint_eq(go(&t, 0x5678, WALK_READ).pa, 0xa678);
	ck_assert_uint_eq(entries_read, 9);
}
END_TEST

START_TEST(a_cached_entry_keeps_the_rights_above_it)
{
	struct walk_tables t = cached(0);

	*entry(2, 0) = 0x3000 | 1;	/* read-only from here on */
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_OK);
	ck_assert_int_eq(go(&t, 0x5000, WALK_WRITE).status, WALK_FAULT);
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_OK);
	*entry(2, 0) = 0x3000 | 7;
	ck_assert_int_eq(go(&t, 0x5000, WALK_WRITE).status, WALK_FAULT);
	/* The fault dropped the entries of its address: now the tables are read. */
	ck_assert_int_eq(go(&t, 0x5000, WALK_WRITE).status, WALK_OK);
}
END_TEST

START_TEST(a_fault_takes_the_entries_of_its_address)
{
	struct walk_tables t = cached(0);

	go(&t, 0x5000, WALK_READ);
	relink();
	*entry(5, 6) = 0xb000 | 7 | 6 << 3;
	ck_assert_int_eq(go(&t, 0x6000, WALK_READ).status, WALK_FAULT);
	ck_assert_uint_eq(go(&t, 0x6000, WALK_READ).pa, 0xb000);
}
END_TEST

START_TEST(cache_flushes_reach_their_tag_and_address)
{
	struct walk_tables t = cached(0x1000);

	go(&t, 0x5000, WALK_READ);
	relink();
	x86_walk_cache_flush_tag(&cache, 0x2000);
	x86_walk_cache_flush_addr(&cache, 0x2000, 0x5000);
	x86_walk_cache_flush_addr(&cache, 0x1000, 1UL << 39);
	ck_assert_uint_eq(go(&t, 0x5000, WALK_READ).pa, 0x9000);
	t.tag = 0x2000;
	ck_assert_uint_eq(go(&t, 0x5000, WALK_READ).pa, 0xa000);
	/* The entry of tag 0x2000 has replaced it. */
	t.tag = 0x1000;
	ck_assert_uint_eq(go(&t, 0x5000, WALK_READ).pa, 0xa000);

	relink();
	*entry(3, 0) = 0x4000 | 7;
	x86_walk_cache_flush_addr(&cache, 0x1000, 0x1ff000);
	ck_assert_uint_eq(go(&t, 0x5000, WALK_READ).pa, 0x9000);
	*entry(3, 0) = 0x5000 | 7;
	x86_walk_cache_flush_tag(&cache, 0x1000);
	ck_assert_uint_eq(go(&t, 0x5000, WALK_READ).pa, 0xa000);
}
END_TEST

START_TEST(what_the_tables_no_longer_have_is_not_current)
{
	struct walk_tables t = cached(0);
	const struct walk_cache_entry *e = &cache.entry[0][0];

	go(&t, 0x5000, WALK_READ);
	ck_assert_uint_eq(e->level, 2);
	ck_assert(x86_walk_cache_current(&t, e));
	relink();
	ck_assert(!x86_walk_cache_current(&t, e));
	*entry(3, 0) = 0x200000 | 7 | 6 << 3 | 1 << 7;	/* a huge page */
	ck_assert(!x86_walk_cache_current(&t, e));
	*entry(3, 0) = 0x4000 | 7 | 1 << 7;		/* and one at the very place of the table */
	ck_assert(!x86_walk_cache_current(&t, e));
	*entry(3, 0) = 0;
	ck_assert(!x86_walk_cache_current(&t, e));
	*entry(3, 0) = 0x4000 | 5;			/* fewer rights */
	ck_assert(!x86_walk_cache_current(&t, e));
	*entry(3, 0) = 0x4000 | 7;
	ck_assert(x86_walk_cache_current(&t, e));
	*entry(1, 0) = 0x6000 | 7;			/* a table further up was replaced */
	ck_assert(!x86_walk_cache_current(&t, e));
}
END_TEST

START_TEST(an_entry_that_is_not_present_is_not_current)
{
	struct walk_tables t = host;

	memset(&cache, 0, sizeof(cache));
	t.cache = &cache;
	build(7, 7);
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_OK);
	ck_assert(x86_walk_cache_current(&t, &cache.entry[0][0]));
	*entry(3, 0) &= ~1UL;
	ck_assert(!x86_walk_cache_current(&t, &cache.entry[0][0]));
}
END_TEST

START_TEST(pae_top_entries_are_not_cached)
{
	struct walk_tables t = { .format = WALK_PAE, .levels = 3, .root = 0x1000, .maxphyaddr = 46, .cache = &cache };
	unsigned int i;

	memset(&cache, 0, sizeof(cache));
	*entry(1, 0) = 0x2000 | 1;
	*entry(2, 0) = 0x3000 | 7;
	*entry(3, 5) = 0x9000 | 7;
	ck_assert_int_eq(go(&t, 0x5000, WALK_READ).status, WALK_OK);
	ck_assert_uint_eq(cache.entry[0][0].level, 2);
	for (i = 0; i < WALK_CACHE_SIZE; i++)
		ck_assert_uint_eq(cache.entry[1][i].level, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("x86 walks");
	TCase *tc = tcase_create("walk");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, ept_translates_and_marks);
	tcase_add_test(tc, ept_logs_what_it_makes_dirty);
	tcase_add_test(tc, ept_violations_and_misconfigurations);
	tcase_add_test(tc, ept_of_four_levels_has_no_address_above_48_bits);
	tcase_add_test(tc, large_pages);
	tcase_add_test(tc, ia32e_rights);
	tcase_add_test(tc, smep_and_smap);
	tcase_add_test(tc, a_lost_race_reads_again);
	tcase_add_test(tc, pae);
	tcase_add_test(tc, two_dimensions);
	tcase_add_test(tc, rights_are_the_conjunction);
	tcase_add_test(tc, entries_outside_of_memory);
	tcase_add_test(tc, a_walk_begins_at_the_cached_table);
	tcase_add_test(tc, a_cached_entry_keeps_the_rights_above_it);
	tcase_add_test(tc, a_fault_takes_the_entries_of_its_address);
	tcase_add_test(tc, cache_flushes_reach_their_tag_and_address);
	tcase_add_test(tc, what_the_tables_no_longer_have_is_not_current);
	tcase_add_test(tc, an_entry_that_is_not_present_is_not_current);
	tcase_add_test(tc, pae_top_entries_are_not_cached);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
