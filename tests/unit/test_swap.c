// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the swap device (kernel-shim/core/mem/swapdev.c) and of what the shim knows of slots and swap cache
 * (compat/FORM/swap_ops, swap_cache, swap_slots).
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "ktest_swap.h"
#include "machine.h"
#include "suite.h"

#define PAGE 4096UL
#define PAGES 8UL
#define POISON 0xd5

static int pid;
static uint64_t mem;

/* A process whose PAGES pages have their number + 1 in each byte. */
static void boot(void)
{
	unsigned char data[PAGE];
	uint64_t i, args[6] = { 0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1 };

	boot_machine();
	pid = kvmsim_machine.process_create(1);
	ck_assert_int_gt(pid, 0);
	mem = kvmsim_machine.syscall(pid, KVMSIM_SYS_MMAP, args);
	for (i = 0; i < PAGES; i++) {
		memset(data, i + 1, PAGE);
		ck_assert_int_eq(kvmsim_machine.user_write(pid, mem + i * PAGE, data, PAGE, NULL), 0);
	}
}

static void swap_out(uint64_t first, uint64_t n)
{
	uint64_t i, args[6] = { mem + first * PAGE, n * PAGE };
	struct kvmsim_page page;

	ck_assert_int_ge(kvmsim_machine.event(pid, KVMSIM_EV_SWAP_OUT, args), 0);
	for (i = first; i < first + n; i++) {
		ck_assert_int_eq(kvmsim_machine.inspect_page(pid, mem + i * PAGE, &page), 0);
		ck_assert_int_eq(page.swapped, 1);
	}
}

static void check_page(int process, uint64_t i)
{
	unsigned char data[PAGE];
	unsigned int k;

	ck_assert_int_eq(kvmsim_machine.user_read(process, mem + i * PAGE, data, PAGE, NULL), 0);
	for (k = 0; k < PAGE; k++)
		ck_assert_uint_eq(data[k], i + 1);
}

/* The last process goes, and with it all slots. */
static void check_end(void)
{
	ck_assert_int_eq(kvmsim_machine.process_exit(pid), 0);
	ktest_swap_reap();
	ck_assert_int_eq(ktest_swap_slots(), 0);
	check_clean();
}

START_TEST(pages_come_back)
{
	uint64_t i, writes = ktest_swap_writes(), reads = ktest_swap_reads();

	swap_out(0, PAGES);
	ck_assert_uint_eq(ktest_swap_writes() - writes, PAGES);
	for (i = 0; i < PAGES; i++)
		check_page(pid, i);
	ck_assert_uint_eq(ktest_swap_reads() - reads, PAGES);
	check_end();
}
END_TEST

/* The second process finds the page in the swap cache. */
START_TEST(two_processes_get_the_same_page)
{
	struct kvmsim_page page[2];
	uint64_t reads;
	int child;

	swap_out(0, PAGES);
	child = kvmsim_machine.process_fork(pid);
	ck_assert_int_gt(child, 0);
	reads = ktest_swap_reads();
	check_page(pid, 3);
	ck_assert_uint_gt(ktest_swap_reads(), reads);
	reads = ktest_swap_reads();
	check_page(child, 3);
	ck_assert_uint_eq(ktest_swap_reads(), reads);
	ck_assert_int_eq(kvmsim_machine.inspect_page(pid, mem + 3 * PAGE, &page[0]), 0);
	ck_assert_int_eq(kvmsim_machine.inspect_page(child, mem + 3 * PAGE, &page[1]), 0);
	ck_assert_uint_eq(page[0].pfn, page[1].pfn);
	ck_assert_int_eq(kvmsim_machine.process_exit(child), 0);
	check_end();
}
END_TEST

START_TEST(slots_belong_to_swapped_pages)
{
	ck_assert_int_eq(ktest_swap_slots(), 0);
	swap_out(2, 3);
	ck_assert_int_eq(ktest_swap_slots(), 3);
	swap_out(6, 1);
	ck_assert_int_eq(ktest_swap_slots(), 4);
	check_end();
}
END_TEST

START_TEST(slots_have_what_was_written)
{
	uint64_t slot, stale;
	unsigned char *data;
	int found[PAGES + 1] = {};
	unsigned int k;

	swap_out(0, PAGES);
	for (slot = 1; stale = ktest_swap_stale_reads(), ktest_swap_read(slot, (void **)&data) > 0; slot++) {
		if (ktest_swap_stale_reads() != stale)
			continue;
		ck_assert_uint_le(data[0], PAGES);
		for (k = 0; k < PAGE; k++)
			ck_assert_uint_eq(data[k], data[0]);
		found[data[0]]++;
	}
	for (k = 1; k <= PAGES; k++)
		ck_assert_int_eq(found[k], 1);
	check_end();
}
END_TEST

START_TEST(a_free_slot_has_poison)
{
	uint64_t k, stale = ktest_swap_stale_reads();
	unsigned char *data;

	ck_assert_int_eq(ktest_swap_read(5, (void **)&data), PAGE);
	ck_assert_uint_eq(ktest_swap_stale_reads() - stale, 1);
	for (k = 0; k < PAGE; k++)
		ck_assert_uint_eq(data[k], POISON);
	check_end();
}
END_TEST

START_TEST(the_device_has_an_end)
{
	uint64_t slot = 1;

	while (ktest_swap_read(slot, NULL) == PAGE)
		slot++;
	ck_assert_uint_eq(slot * PAGE, 64 << 20);
	ck_assert_int_eq(ktest_swap_read(slot, NULL), -EIO);
	check_end();
}
END_TEST

/* A child still refers to the slot while the parent's page is back. Then only the swap cache does. */
START_TEST(a_page_of_the_swap_cache_is_freed_without_its_user)
{
	int child;

	swap_out(0, 1);
	child = kvmsim_machine.process_fork(pid);
	ck_assert_int_gt(child, 0);
	check_page(pid, 0);
	ktest_swap_reap();
	ck_assert_int_eq(ktest_swap_slots(), 1);
	ck_assert_int_eq(kvmsim_machine.process_exit(child), 0);
	ktest_swap_reap();
	ck_assert_int_eq(ktest_swap_slots(), 0);
	check_page(pid, 0);
	check_end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap");
	TCase *c = tcase_create("swap");

	tcase_add_unchecked_fixture(c, boot, NULL);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, pages_come_back);
	tcase_add_test(c, two_processes_get_the_same_page);
	tcase_add_test(c, slots_belong_to_swapped_pages);
	tcase_add_test(c, slots_have_what_was_written);
	tcase_add_test(c, a_free_slot_has_poison);
	tcase_add_test(c, the_device_has_an_end);
	tcase_add_test(c, a_page_of_the_swap_cache_is_freed_without_its_user);
	suite_add_tcase(s, c);
	return run_suite(s);
}
