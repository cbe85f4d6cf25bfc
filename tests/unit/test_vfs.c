// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of reports and back traces (kernel-shim/host/{report,symbolize,path,map}.c, core/{bug,printk}.c), of files
 * and devices (core/{file,mount,device}.c), of signals and of random numbers.
 *
 * Linked with tests/unit/ktest_vfs.c (kernel TU) and all objects of one flavour. Runs in Check's fork mode: the world
 * boots once, every test is a forked child. A fatal report ends the child with 100 + its kind if it says what the test
 * expects, else with 1.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#ifdef KSHIM_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#include "ktest_vfs.h"
#include "report.h"
#include <kshim/symbolize.h>
#include "suite.h"

#define RAM (128UL << 20)

/* What the next report must look like. Its back trace must have these functions, in these files. */
struct expected {
	int kind;
	const char *text, *file;
	const char *func[4], *func_file[4];
};

static struct expected want;
static int reports[KVMSIM_NR_REPORTS];
static char last_text[2048], last_file[256];
static int last_line;
static char log_text[4096];

struct frame_search {
	const char *func, *file;
	bool found;
};

static void look(void *arg, const char *func, const char *file, int line, bool inlined)
{
	struct frame_search *s = arg;

	(void)inlined;
	if (getenv("KTEST_TRACE"))
		fprintf(stderr, "  %s %s:%d%s\n", func, file, line, inlined ? " (inlined)" : "");
	/* The start of the name is enough: kernel versions add to names. */
	if (!strncmp(func, s->func, strlen(s->func)) && !strcmp(file, s->file) && line > 0)
		s->found = true;
}

static bool has_frame(const struct kvmsim_report *r, const char *func, const char *file)
{
	struct frame_search s = { func, file, false };
	unsigned int i;

	for (i = 0; i < r->nr_frames; i++)
		host_symbolize_each(r->frames[i], look, &s);
	return s.found;
}

static bool as_wanted(const struct kvmsim_report *r)
{
	unsigned int i;

	if ((int)r->kind != want.kind || (want.text && !strstr(r->text, want.text)))
		return false;
	if (want.file && (!r->file || strcmp(r->file, want.file)))
		return false;
	for (i = 0; i < 4 && want.func[i]; i++) {
		if (!has_frame(r, want.func[i], want.func_file[i])) {
			fprintf(stderr, "no frame %s of %s\n", want.func[i], want.func_file[i]);
			return false;
		}
	}
	return true;
}

static void on_report(const struct kvmsim_report *r)
{
	bool good = as_wanted(r);

	reports[r->kind]++;
	snprintf(last_text, sizeof(last_text), "%s", r->text);
	snprintf(last_file, sizeof(last_file), "%s", r->file ? r->file : "");
	last_line = r->line;
	if (!good)
		fprintf(stderr, "unexpected report: kind %d, %s:%d: %s\n", r->kind, r->file ? r->file : "-", r->line,
			r->text);
	if (r->kind <= KVMSIM_LAST_FATAL || !good)
		_exit(good ? 100 + r->kind : 1);
}

static void on_log(int level, const char *line)
{
	size_t n = strlen(log_text);

	snprintf(log_text + n, sizeof(log_text) - n, "<%d>%s\n", level, line);
}

static void boot(void)
{
	static const struct kvmsim_host_ops ops = { .report = on_report, .log = on_log };
	struct kvmsim_config config = { .ram_bytes = RAM, .nr_cpus = 2 };

	want.kind = -1;
	ck_assert_int_eq(kvmsim_machine.boot(&config, &ops), 0);
	log_text[0] = 0;
}

#define KTEST "tests/unit/ktest_vfs.c"

START_TEST(bug)
{
	want = (struct expected){ KVMSIM_BUG, "kernel BUG", KTEST, { "ktest_bug" }, { KTEST } };
	ktest_bug();
}
END_TEST

START_TEST(bug_in_kernel_file)
{
	want = (struct expected){ KVMSIM_BUG, "kernel BUG", "fs/inode.c",
				  { "clear_inode", "ktest_bug_in_kernel_file" }, { "fs/inode.c", KTEST } };
	ktest_bug_in_kernel_file();
}
END_TEST

START_TEST(panics)
{
	want = (struct expected){ KVMSIM_BUG, "Kernel panic - not syncing: ktest 5", NULL, { "ktest_panic" },
				  { KTEST } };
	ktest_panic();
}
END_TEST

START_TEST(warn)
{
	want = (struct expected){ KVMSIM_WARN, "WARNING: value is 7", KTEST, { "ktest_warn" }, { KTEST } };
	ktest_warn(0);
	ck_assert_int_eq(reports[KVMSIM_WARN], 0);
	ktest_warn(7);
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
	ck_assert_int_gt(last_line, 0);
	ck_assert_ptr_null(strchr(last_text, '\n'));
}
END_TEST

START_TEST(alarms)
{
	want = (struct expected){ KVMSIM_WARN, "the kernel says: BUG: Bad ktest state", NULL, { "ktest_alarms" },
				  { KTEST } };
	ktest_alarms();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
	ktest_alarms();
	ck_assert_int_eq(reports[KVMSIM_WARN], 2);
	want.text = "the kernel says: tests/unit/ktest_vfs.c:";
	want.func[0] = "ktest_bad_entry";
	ktest_bad_entry();
	ck_assert_int_eq(reports[KVMSIM_WARN], 3);
	ck_assert_ptr_nonnull(strstr(last_text, ": bad pmd "));
	want.text = "the kernel says: ktest is on fire";
	want.func[0] = "ktest_emergency";
	ktest_emergency();
	ck_assert_int_eq(reports[KVMSIM_WARN], 4);
	ck_assert_ptr_null(strstr(last_text, "and so on"));
}
END_TEST

START_TEST(warn_once)
{
	want = (struct expected){ KVMSIM_WARN, "WARNING", KTEST, { "ktest_warn_once_twice" }, { KTEST } };
	ktest_warn_once_twice();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

START_TEST(warn_in_kernel_file)
{
	want = (struct expected){ KVMSIM_WARN, "refcount_t: addition on 0; use-after-free", "lib/refcount.c",
				  { "refcount_warn_saturate", "ktest_refcount_warn" }, { "lib/refcount.c", KTEST } };
	ktest_refcount_warn();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

START_TEST(list_corruption)
{
	want = (struct expected){ KVMSIM_WARN, "list_add corruption", "lib/list_debug.c",
				  { "__list_add_valid", "ktest_list_corruption" },
				  { "lib/list_debug.c", KTEST } };
	ktest_list_corruption();
	ck_assert_int_eq(reports[KVMSIM_WARN], 1);
}
END_TEST

START_TEST(null_pointer)
{
	want = (struct expected){ KVMSIM_OOPS, "kernel NULL pointer dereference", NULL,
				  { "drop_nlink", "ktest_null_in_kernel_file" }, { "fs/inode.c", KTEST } };
	ktest_null_in_kernel_file();
}
END_TEST

START_TEST(null_call)
{
	want = (struct expected){ KVMSIM_OOPS,
				  "call through a bad pointer: kernel NULL pointer dereference, address: 0x0", NULL,
				  { "ktest_call", "null_call_fn" }, { KTEST, "tests/unit/test_vfs.c" } };
	ktest_call(0);
}
END_TEST

#ifndef __SANITIZE_THREAD__	/* its runtime, not the kernel code, faults on these */
START_TEST(user_address)
{
	want = (struct expected){ KVMSIM_OOPS, "user address 0x70000001000 touched without user access functions", NULL,
				  { "ktest_write" }, { KTEST } };
	ktest_write(0x70000001000);
}
END_TEST

START_TEST(poisoned_pointer)
{
	want = (struct expected){ KVMSIM_OOPS, "(freed slab object)", NULL, { "ktest_read" }, { KTEST } };
	ktest_read(0x6b6b6b6b6b6b6b6b);
}
END_TEST

START_TEST(list_poison)
{
	want = (struct expected){ KVMSIM_OOPS, "LIST_POISON1", NULL, { "ktest_read" }, { KTEST } };
	ktest_read(0xdead000000000108);
}
END_TEST

START_TEST(error_pointer)
{
	want = (struct expected){ KVMSIM_OOPS, "ERR_PTR(-12)", NULL, { "ktest_read" }, { KTEST } };
#ifdef __SANITIZE_ADDRESS__
	want.text = "general protection fault";	/* its shadow has no address */
#endif
	ktest_read(-12L);
}
END_TEST
#endif

START_TEST(outside_of_ram)
{
	want = (struct expected){ KVMSIM_OOPS, "the address is neither user nor kernel memory", NULL, { "ktest_read" },
				  { KTEST } };
	ktest_read(0x700000000000);
}
END_TEST

START_TEST(divide_error)
{
	want = (struct expected){ KVMSIM_OOPS, "divide error", NULL, { "ktest_divide_error" }, { KTEST } };
	ktest_divide_error(0);
}
END_TEST

#ifndef __SANITIZE_THREAD__
START_TEST(stack_overflow)
{
	want = (struct expected){ KVMSIM_OOPS, "kernel stack overflow", NULL, { "ktest_stack_overflow" }, { KTEST } };
	ktest_stack_overflow(1);
}
END_TEST
#endif

START_TEST(refused_call)
{
	want = (struct expected){ KVMSIM_REFUSED, "call of ktest_refused_symbol, which", NULL,
				  { "ktest_call", "ktest_refused_call" }, { KTEST, KTEST } };
	ktest_refused_call();
}
END_TEST

START_TEST(refused_data)
{
	want = (struct expected){ KVMSIM_REFUSED, "access to data of ktest_refused_symbol, which", NULL,
				  { "ktest_refused_data" }, { KTEST } };
	ktest_refused_data();
}
END_TEST

START_TEST(log_lines)
{
	ktest_printk();
	ck_assert_str_eq(log_text, "<3>whole\n"
				   "<6>first second third\n"
				   "<4>unfinished\n"
				   "<5>two\n"
				   "<5>lines\n"
				   "<4>default\n");
}
END_TEST

/* Symbols stand for addresses, and no host address gets into the log. */
START_TEST(pointers_are_hashed)
{
	char a[64], b[64], raw[64];

	ktest_format(a, sizeof(a), "%p", &want);
	ktest_format(b, sizeof(b), "%p", (char *)&want + 1);
	snprintf(raw, sizeof(raw), "%016lx", (unsigned long)&want);
	ck_assert_str_ne(a, b);
	ck_assert_str_ne(a, raw);
	ck_assert_int_eq(strlen(a), 16);
	ktest_format(a, sizeof(a), "%pS", (void *)ktest_bug);
	ck_assert_msg(!strncmp(a, "ktest_bug+0x0/0x", 16), "%s", a);
	ktest_format(a, sizeof(a), "%ps", (void *)((char *)ktest_bug + 1));
	ck_assert_str_eq(a, "ktest_bug");
	ktest_format(a, sizeof(a), "%pB", (void *)((char *)ktest_bug + 4));
	ck_assert_msg(!strncmp(a, "ktest_bug+0x4/0x", 16), "%s", a);
	ktest_format(a, sizeof(a), "%pS", &want);
	ck_assert_str_eq(a, "(outside the kernel)");
	ktest_format(a, sizeof(a), "%px", (void *)0x101000001000);
	ck_assert_str_eq(a, "0000101000001000");
}
END_TEST

/* The trace ends with the kernel's own functions. */
START_TEST(dump_stack_has_symbols)
{
	ktest_dump_stack();
	ck_assert_msg(strstr(log_text, "> dump_stack+0x") != NULL, "%s", log_text);
	ck_assert_msg(strstr(log_text, "> ktest_dump_stack+0x") != NULL, "%s", log_text);
	ck_assert_msg(strstr(log_text, "outside") == NULL, "%s", log_text);
}
END_TEST

START_TEST(open_ioctl_close)
{
	void *files;
	int fd;

	ktest_enter_process();
	files = ktest_files_new();
	ktest_use_files(files);
	ck_assert_int_eq(kshim_open_misc("ktest"), -2);
	ck_assert_int_eq(ktest_misc_register(0), 0);
	fd = kshim_open_misc("ktest");
	ck_assert_int_eq(fd, 0);
	ck_assert_int_eq(ktest_opens, 1);
	ck_assert_int_eq(kshim_ioctl(fd, 40, 2), 42);
	ck_assert_int_eq(kshim_ioctl(fd + 1, 40, 2), -9);
	ck_assert_int_eq(kshim_open_misc("ktest"), 1);
	ck_assert_int_eq(kshim_close(fd), 0);
	ck_assert_int_eq(ktest_releases, 1);
	ck_assert_int_eq(kshim_close(fd), -9);
	ck_assert_int_eq(kshim_open_misc("ktest"), 0);
	ktest_files_put(files);
	ck_assert_int_eq(ktest_opens, 3);
	ck_assert_int_eq(ktest_releases, 3);
	ktest_misc_deregister();
	ktest_use_files(NULL);
}
END_TEST

START_TEST(misc_minors)
{
	ck_assert_int_eq(ktest_misc_register(200), 0);
	ck_assert_int_eq(ktest_misc_register(200), -16);
}
END_TEST

START_TEST(files_of_a_fork)
{
	void *parent, *child;
	int fd;

	ktest_enter_process();
	parent = ktest_files_new();
	ktest_use_files(parent);
	fd = ktest_anon_file("[ktest]");
	ck_assert_int_ge(fd, 0);
	child = ktest_files_dup(parent);
	ck_assert_ptr_nonnull(child);
	ck_assert_int_eq(kshim_close(fd), 0);
	ck_assert_int_eq(ktest_releases, 0);
	ktest_use_files(child);
	ck_assert_int_eq(kshim_ioctl(fd, 1, 2), 3);
	ktest_files_put(child);
	ck_assert_int_eq(ktest_releases, 1);
	ktest_use_files(parent);
	ktest_files_put(parent);
	ktest_use_files(NULL);
	ck_assert_int_eq(kshim_vfs_leaks(), 0);
}
END_TEST

START_TEST(leaked_file)
{
	void *files;
	int fd;

	ktest_enter_process();
	files = ktest_files_new();
	ktest_use_files(files);
	fd = ktest_anon_file("[ktest-leak]");
	ck_assert_int_eq(ktest_hold_file(fd), 2);
	ktest_files_put(files);
	ktest_use_files(NULL);
	want = (struct expected){ KVMSIM_LEAK, "file \"[ktest-leak]\" is still open with 1 reference", NULL, {}, {} };
	ck_assert_int_eq(kshim_vfs_leaks(), 1);
	ck_assert_int_eq(reports[KVMSIM_LEAK], 1);
	ck_assert_int_eq(ktest_releases, 0);
}
END_TEST

START_TEST(signals)
{
	uint64_t mask, addr;

	ktest_enter_process();
	ck_assert_int_eq(ktest_pending(&mask), 0);
	ck_assert_int_eq(ktest_signal_pending(), 0);
	ktest_send_sigbus(0x5000);
	ck_assert_int_eq(ktest_pending(&mask), 1);
	ck_assert_int_eq(mask, 1UL << (SIGBUS - 1));
	ck_assert_int_eq(ktest_signal_pending(), 1);
	ck_assert_int_eq(ktest_block(SIGBUS, 1), 0);
	ck_assert_int_eq(ktest_signal_pending(), 0);
	ck_assert_int_eq(ktest_take_signal(&addr), 0);
	ck_assert_int_eq(ktest_block(SIGBUS, 0), 0);
	ck_assert_int_eq(ktest_signal_pending(), 1);
	ck_assert_int_eq(ktest_take_signal(&addr), SIGBUS);
	ck_assert_int_eq(addr, 0x5000);
	ck_assert_int_eq(ktest_pending(&mask), 0);
	ck_assert_int_eq(ktest_signal_pending(), 0);
}
END_TEST

START_TEST(random_numbers)
{
	uint32_t a = ktest_random(), seen = 0;
	int i;

	ck_assert_int_ne(a, ktest_random());
	for (i = 0; i < 1000; i++) {
		a = ktest_random_below(5);
		ck_assert_int_lt(a, 5);
		seen |= 1 << a;
	}
	ck_assert_int_eq(seen, 31);
	ck_assert_int_eq(ktest_random_below(1), 0);
}
END_TEST

START_TEST(uevents)
{
	ck_assert_int_eq(ktest_uevent(), 0);
	ck_assert_str_eq(log_text, "<7>uevent: ACTION=change A=1 B=two\n");
}
END_TEST

START_TEST(short_paths)
{
	ck_assert_str_eq(host_short_path("/nowhere/linux/arch/x86/kvm/mmu/mmu.c"), "arch/x86/kvm/mmu/mmu.c");
	ck_assert_str_eq(host_short_path("./mm/memory.c"), "mm/memory.c");
	ck_assert_str_eq(host_short_path("virt/kvm/kvm_main.c"), "virt/kvm/kvm_main.c");
	ck_assert_str_eq(host_short_path("/usr/include/stdio.h"), "/usr/include/stdio.h");
}
END_TEST

START_TEST(symbols)
{
	char func[64], file[256];
	int line;

	ck_assert_int_eq(host_symbolize((char *)ktest_bug + 1, func, sizeof(func), file, sizeof(file), &line), 0);
	ck_assert_str_eq(func, "ktest_bug");
	ck_assert_str_eq(file, KTEST);
	ck_assert_int_gt(line, 1);
	ck_assert_int_eq(host_symbolize((void *)16, func, sizeof(func), file, sizeof(file), &line), -1);
	ck_assert_str_eq(func, "?");
	ck_assert(host_same_object((char *)ktest_bug + 1, &ktest_opens));
	ck_assert(!host_same_object((char *)ktest_bug + 1, &want));
}
END_TEST

static void add_faults(TCase *tc)
{
	tcase_add_exit_test(tc, null_pointer, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, null_call, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, outside_of_ram, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, divide_error, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, refused_call, 100 + KVMSIM_REFUSED);
	tcase_add_exit_test(tc, refused_data, 100 + KVMSIM_REFUSED);
#ifndef __SANITIZE_THREAD__	/* its runtime, not the kernel code, faults on these */
	tcase_add_exit_test(tc, user_address, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, poisoned_pointer, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, list_poison, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, error_pointer, 100 + KVMSIM_OOPS);
	tcase_add_exit_test(tc, stack_overflow, 100 + KVMSIM_OOPS);
#endif
}

int main(void)
{
	Suite *suite = suite_create("vfs");
	TCase *tc = tcase_create("core");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, boot, NULL);
	tcase_add_exit_test(tc, bug, 100 + KVMSIM_BUG);
	tcase_add_exit_test(tc, bug_in_kernel_file, 100 + KVMSIM_BUG);
	tcase_add_exit_test(tc, panics, 100 + KVMSIM_BUG);
	tcase_add_test(tc, warn);
	tcase_add_test(tc, alarms);
	tcase_add_test(tc, warn_once);
	tcase_add_test(tc, warn_in_kernel_file);
	tcase_add_test(tc, list_corruption);
	if (!RUNNING_ON_VALGRIND)	/* memcheck would count each bad access as an error of its own */
		add_faults(tc);
	tcase_add_test(tc, short_paths);
	tcase_add_test(tc, symbols);
	tcase_add_test(tc, log_lines);
	tcase_add_test(tc, pointers_are_hashed);
	tcase_add_test(tc, dump_stack_has_symbols);
	tcase_add_test(tc, open_ioctl_close);
	tcase_add_test(tc, misc_minors);
	tcase_add_test(tc, files_of_a_fork);
	tcase_add_test(tc, leaked_file);
	tcase_add_test(tc, signals);
	tcase_add_test(tc, random_numbers);
	tcase_add_test(tc, uevents);
	suite_add_tcase(suite, tc);

	return run_suite(suite);
}
