// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the kernel's exception table and of inline assembly that accesses user memory
 * (kernel-shim/arch/x86_64/extable.c, kernel-shim/host/exception.c): each instruction that is carried out, in each
 * size, on a page that is present, one that is missing, and one that is read-only.
 *
 * Linked with the test flavour; the kernel half is tests/unit/ktest_uaccess.c. Each test is a forked child.
 */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <kshim/machine.h>
#include "ktest_memory.h"
#include "ktest_sched.h"
#include "ktest_uaccess.h"
#include "machine.h"
#include "suite.h"

#define PAGE 4096UL
#define OLD 0x8877665544332211UL
#define NEW 0x1020304050607080UL

static int pid;
static uint64_t page;

static uint64_t map(int prot)
{
	const uint64_t args[6] = { 0, PAGE, (uint64_t)prot, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 };

	return (uint64_t)kvmsim_machine.syscall(pid, KVMSIM_SYS_MMAP, args);
}

static void boot(void)
{
	boot_machine();
	pid = kvmsim_machine.process_create(1);
	ck_assert_int_gt(pid, 0);
	page = map(PROT_READ | PROT_WRITE);
}

static void put(uint64_t addr, uint64_t value)
{
	ck_assert_int_eq(kvmsim_machine.user_write(pid, addr, &value, sizeof(value), NULL), 0);
}

static uint64_t get(uint64_t addr)
{
	uint64_t value = 0;

	ck_assert_int_eq(kvmsim_machine.user_read(pid, addr, &value, sizeof(value), NULL), 0);
	return value;
}

static int insn(enum ktest_user_op op, unsigned int size, uint64_t addr, uint64_t *value, uint64_t *old)
{
	int ret;

	ck_assert_int_eq(ktest_enter(pid), 0);
	ret = ktest_user_insn(op, size, addr, value, old);
	ktest_leave();
	return ret;
}

static uint64_t low(uint64_t value, unsigned int size)
{
	return size == 8 ? value : value & ((1UL << size * 8) - 1);
}

/* The value of a register that was `before`, after `size` bytes of value were put there. */
static uint64_t in_register(uint64_t before, uint64_t value, unsigned int size)
{
	return size >= 4 ? low(value, size) : (before - low(before, size)) | low(value, size);
}

static uint64_t in_memory(uint64_t value, unsigned int size)
{
	return (OLD - low(OLD, size)) | low(value, size);
}

START_TEST(each_size)
{
	const unsigned int size = 1U << _i;
	uint64_t value, old = 0;

	put(page + 0x100, OLD);
	value = NEW;
	ck_assert_int_eq(insn(KTEST_LOAD, size, page + 0x100, &value, &old), 0);
	ck_assert_uint_eq(value, in_register(NEW, OLD, size));
	value = NEW;
	ck_assert_int_eq(insn(KTEST_STORE, size, page + 0x100, &value, &old), 0);
	ck_assert_uint_eq(get(page + 0x100), in_memory(NEW, size));
	put(page + 0x100, OLD);
	ck_assert_int_eq(insn(KTEST_STORE_IMMEDIATE, size, page + 0x100, &value, &old), 0);
	ck_assert_uint_eq(get(page + 0x100), in_memory(KTEST_IMMEDIATE, size));
	put(page + 0x100, OLD);
	value = NEW;
	ck_assert_int_eq(insn(KTEST_XCHG, size, page + 0x100, &value, &old), 0);
	ck_assert_uint_eq(value, in_register(NEW, OLD, size));
	ck_assert_uint_eq(get(page + 0x100), in_memory(NEW, size));
	put(page + 0x100, OLD);
	value = NEW;
	ck_assert_int_eq(insn(KTEST_XADD, size, page + 0x100, &value, &old), 0);
	ck_assert_uint_eq(value, in_register(NEW, OLD, size));
	ck_assert_uint_eq(get(page + 0x100), in_memory(OLD + NEW, size));
	check_clean();
}
END_TEST

START_TEST(compare_and_swap)
{
	const unsigned int size = 1U << _i;
	uint64_t value = NEW, old = OLD;

	put(page, OLD);
	ck_assert_int_eq(insn(KTEST_CMPXCHG, size, page, &value, &old), 1);
	ck_assert_uint_eq(get(page), in_memory(NEW, size));
	put(page, OLD);
	old = NEW;
	ck_assert_int_eq(insn(KTEST_CMPXCHG, size, page, &value, &old), 0);
	ck_assert_uint_eq(old, in_register(NEW, OLD, size));
	ck_assert_uint_eq(get(page), OLD);
	check_clean();
}
END_TEST

/* The real fault path supplies the page. */
START_TEST(a_page_that_is_not_there_yet)
{
	uint64_t value = NEW, old = 0, fresh = map(PROT_READ | PROT_WRITE);

	ck_assert_int_eq(insn(KTEST_XCHG, 1, fresh + 17, &value, &old), 0);
	ck_assert_uint_eq(value, NEW & ~0xffUL);
	ck_assert_uint_eq(get(fresh + 17), NEW & 0xff);
	check_clean();
}
END_TEST

/* The code behind the instruction continues at the fixup, and no signal is sent. */
START_TEST(a_page_that_may_not_be_written)
{
	uint64_t value = NEW, old = 0, readable = map(PROT_READ);

	ck_assert_int_eq(insn(KTEST_XCHG, 4, readable, &value, &old), -EFAULT);
	ck_assert_uint_eq(value, NEW);
	ck_assert_int_eq(insn(KTEST_LOAD, 4, readable, &value, &old), 0);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(insn(KTEST_STORE, 4, 0x123000, &value, &old), -EFAULT);
	ck_assert_int_eq(insn(KTEST_LOAD, 8, 1UL << 62, &value, &old), -EFAULT);
	check_clean();
}
END_TEST

START_TEST(each_form_of_operand)
{
	put(page + 0x20, 0x12345678);
	ck_assert_int_eq(ktest_enter(pid), 0);
	ck_assert_int_eq(ktest_user_operands(page + 0x20, 0x12345678), KTEST_NR_OPERANDS);
	ktest_leave();
	check_clean();
}
END_TEST

/* All instructions of the kernel can be carried out; the refused one is this test's. */
START_TEST(no_instruction_of_the_kernel_is_unknown)
{
	ck_assert_int_eq(ktest_user_insns_unknown(), 1);
}
END_TEST

START_TEST(an_unknown_instruction_is_refused)
{
	ck_assert_int_eq(ktest_enter(pid), 0);
	ktest_user_insn_unknown(page);
}
END_TEST

START_TEST(an_instruction_across_two_pages_is_refused)
{
	uint64_t value = NEW, old = 0;

	insn(KTEST_STORE, 8, page + PAGE - 4, &value, &old);
}
END_TEST

START_TEST(division)
{
	static const long left[3] = { -2, -1, 0 };	/* 0 is the vector of #DE */

	ck_assert_int_eq(ktest_divide(_i, 42, 6), 7);
	if (ktest_on_valgrind())	/* which does not know the place of a SIGFPE */
		return;
	ck_assert_int_eq(ktest_divide(_i, 42, 0), left[_i]);
	check_clean();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uaccess");
	TCase *c = tcase_create("uaccess");

	tcase_add_unchecked_fixture(c, boot, NULL);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, each_size, 0, 4);
	tcase_add_loop_test(c, compare_and_swap, 0, 4);
	tcase_add_test(c, a_page_that_is_not_there_yet);
	tcase_add_test(c, a_page_that_may_not_be_written);
	tcase_add_test(c, each_form_of_operand);
	tcase_add_test(c, no_instruction_of_the_kernel_is_unknown);
	tcase_add_exit_test(c, an_unknown_instruction_is_refused, FATAL + KVMSIM_REFUSED);
	tcase_add_exit_test(c, an_instruction_across_two_pages_is_refused, FATAL + KVMSIM_REFUSED);
	tcase_add_loop_test(c, division, 0, 3);
	suite_add_tcase(s, c);
	return run_suite(s);
}
