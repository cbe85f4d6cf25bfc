// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of a program in this process (kernel-shim/host/window.c, core/world/exec.c, the native half of
 * core/world/uaccess.c): what fault() maps, with which rights, what flushes take away, and pointers outside of the
 * window.
 *
 * The tests touch addresses of the window themselves; one that is not there ends in a signal. Each test is a forked
 * child.
 */
#include <check.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kshim/machine.h>
#include "ktest_window.h"
#include "suite.h"

#define PAGE 4096UL

static const struct kvmsim_exec_ops *program;
static int pid;
static volatile char *page;	/* three pages of the process */
static sigjmp_buf back;

static void on_report(const struct kvmsim_report *r)
{
	ck_abort_msg("%s", r->text);
}

static void on_log(int level, const char *line)
{
}

static uint64_t call(enum kvmsim_sys nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t args[6] = { a, b, c, d, (uint64_t)-1, 0 };

	return (uint64_t)kvmsim_machine.syscall(pid, nr, args);
}

static void boot(void)
{
	static const struct kvmsim_host_ops ops = { .report = on_report, .log = on_log };
	struct kvmsim_config config = { .ram_bytes = 128 << 20, .nr_cpus = 4, .window = 1 };

	ck_assert_int_eq(kvmsim_machine.boot(&config, &ops), 0);
	program = kvmsim_machine.exec();
	pid = kvmsim_machine.process_create(0);
	page = (char *)call(KVMSIM_SYS_MMAP, 0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	ck_assert_uint_ge((uint64_t)page, program->start);
	ck_assert_uint_lt((uint64_t)page, program->end);
}

static void on_signal(int sig)
{
	siglongjmp(back, 1);
}

/* Whether the host lets this process read or write the byte now. */
static bool may(volatile char *p, bool write)
{
	struct sigaction act = { .sa_handler = on_signal }, old;
	volatile bool did = false;

	sigaction(SIGSEGV, &act, &old);
	if (!sigsetjmp(back, 1)) {
		if (write)
			*p = *p;
		else
			(void)*p;
		did = true;
	}
	sigaction(SIGSEGV, &old, NULL);
	return did;
}

static int fault(volatile char *p, int write)
{
	return program->fault(pid, (uint64_t)p, write);
}

START_TEST(a_fault_maps_one_page)
{
	ck_assert(!may(page, false));
	ck_assert_int_eq(fault(page + 5, 1), 0);
	ck_assert(may(page, true));
	ck_assert(!may(page + PAGE, false));
	page[7] = 'x';
	ck_assert_int_eq(kvmsim_machine.user_read(pid, (uint64_t)page + 7, &(char){ 0 }, 1, NULL), 0);
	ck_assert_int_eq(kvmsim_machine.user_write(pid, (uint64_t)page + 7, "y", 1, NULL), 0);
	ck_assert_int_eq(page[7], 'y');
}
END_TEST

START_TEST(rights)
{
	/* Read first: the zero page. It is written once it is a page of its own. */
	ck_assert_int_eq(fault(page, 0), 0);
	ck_assert(may(page, false) && !may(page, true));
	ck_assert_int_eq(fault(page, 1), 0);
	ck_assert(may(page, true));
	ck_assert_int_eq(call(KVMSIM_SYS_MPROTECT, (uint64_t)page, PAGE, PROT_READ, 0), 0);
	ck_assert(!may(page, false));
	ck_assert_int_eq(fault(page, 0), 0);
	ck_assert(may(page, false) && !may(page, true));
	ck_assert_int_eq(fault(page, 1), -EFAULT);
	/* A writable page that nobody has written since its entry became clean. */
	ck_assert_int_eq(call(KVMSIM_SYS_MPROTECT, (uint64_t)page, PAGE, PROT_READ | PROT_WRITE, 0), 0);
	ck_assert_int_eq(fault(page, 0), 0);
	ck_assert(may(page, false));
}
END_TEST

START_TEST(flushes)
{
	struct kvmsim_signal s;

	ck_assert(!fault(page, 1) && !fault(page + PAGE, 1) && !fault(page + 2 * PAGE, 1));
	page[PAGE] = 1;
	ck_assert_int_eq(call(KVMSIM_SYS_MADVISE, (uint64_t)page + PAGE, PAGE, MADV_DONTNEED, 0), 0);
	ck_assert(may(page, true) && !may(page + PAGE, false) && may(page + 2 * PAGE, true));
	ck_assert_int_eq(fault(page + PAGE, 0), 0);
	ck_assert_int_eq(page[PAGE], 0);
	ck_assert_int_eq(call(KVMSIM_SYS_MUNMAP, (uint64_t)page, PAGE, 0, 0), 0);
	ck_assert(!may(page, false) && may(page + PAGE, false));
	ck_assert_int_eq(fault(page, 0), -EFAULT);
	ck_assert_int_eq(kvmsim_machine.take_signal(pid, &s), 1);
	ck_assert(s.signo == SIGSEGV && s.code == SEGV_MAPERR && s.addr == (uint64_t)page);
	ck_assert_int_eq(kvmsim_machine.take_signal(pid, &s), 0);
}
END_TEST

START_TEST(native_pointers)
{
	char text[3 * PAGE], other[3 * PAGE], *bad = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
							MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t word = 5, old = 5;

	memset(text, 'a', sizeof(text));
	ck_assert_uint_eq(ktest_copy_from(pid, other, text, sizeof(text)), 0);
	ck_assert(!memcmp(text, other, sizeof(text)));
	memset(other, 'b', sizeof(other));
	ck_assert_uint_eq(ktest_copy_to(pid, text + 1, other, 2 * PAGE), 0);
	ck_assert(text[0] == 'a' && text[1] == 'b' && text[2 * PAGE] == 'b' && text[2 * PAGE + 1] == 'a');
	ck_assert_uint_eq(ktest_clear(pid, text, 2), 0);
	ck_assert(!text[0] && !text[1] && text[2] == 'b');
	ck_assert_int_eq(ktest_swap(pid, &word, &old, 6), 1);
	ck_assert_int_eq(ktest_swap(pid, &word, &old, 7), 0);
	ck_assert(word == 6 && old == 6);

	mprotect(bad + PAGE, PAGE, PROT_READ);
	munmap(bad + 2 * PAGE, PAGE);
	ck_assert_uint_eq(ktest_copy_to(pid, bad, other, 2 * PAGE), PAGE);
	ck_assert_uint_eq(ktest_copy_from(pid, other, bad + PAGE, 2 * PAGE), PAGE);
	ck_assert_int_eq(ktest_swap(pid, (uint32_t *)(bad + PAGE), &old, 0), -EFAULT);
	ck_assert_uint_eq(ktest_copy_from(pid, other, NULL, 8), 8);
	ck_assert_uint_eq(ktest_copy_from(pid, other, (void *)(1UL << 47), 8), 8);
	/* The simulator's own memory is not the program's. */
	ck_assert_uint_eq(ktest_copy_from(pid, other, (void *)0x101000000000UL, 8), 8);
	/* Neither is there anything that the simulated process did not map. */
	ck_assert_uint_eq(ktest_copy_from(pid, other, (void *)program->start, 8), 8);
}
END_TEST

START_TEST(vmalloc_pages_are_frames)
{
	ck_assert(ktest_vmalloc_is_ram(5 * PAGE));
}
END_TEST

/* The window forgets all that it showed, and shows it again. */
START_TEST(more_pages_than_the_window_holds)
{
	ck_assert_int_eq(fault(page + PAGE, 1), 0);
	page[PAGE] = 'x';
	for (int i = 0; i < 25000; i++)
		ck_assert_int_eq(fault(page, 1), 0);
	ck_assert(!may(page + PAGE, false));
	ck_assert_int_eq(fault(page + PAGE, 0), 0);
	ck_assert_int_eq(page[PAGE], 'x');
}
END_TEST

int main(void)
{
	Suite *s = suite_create("window");
	TCase *t = tcase_create("window");

	tcase_add_checked_fixture(t, boot, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_fault_maps_one_page);
	tcase_add_test(t, rights);
	tcase_add_test(t, flushes);
	tcase_add_test(t, native_pointers);
	tcase_add_test(t, vmalloc_pages_are_frames);
	tcase_add_test(t, more_pages_than_the_window_holds);
	suite_add_tcase(s, t);
	return run_suite(s);
}
