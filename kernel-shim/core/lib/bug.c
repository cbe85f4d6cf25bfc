// SPDX-License-Identifier: GPL-2.0-only
/* BUG(), WARN(), panic() and taint become reports, with a back trace and the place that the kernel code passes. */
#include <linux/kernel.h>
#include <linux/bug.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>

#define TEXT_BYTES 1024

FAITHFUL(panic_on_warn, "kernel/panic.c");
int panic_on_warn;

static void strip_newline(char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '\n')
		text[--len] = 0;
}

/* Formats the text and drops the level prefix that some callers write. */
static void format(char *text, const char *fmt, va_list args)
{
	vscnprintf(text, TEXT_BYTES, printk_skip_headers(fmt), args);
	strip_newline(text);
}

FAITHFUL(kshim_bug, "arch/x86/include/asm/bug.h:BUG arch/s390/include/asm/bug.h:BUG arch/arm64/include/asm/bug.h:BUG");
void __noreturn __cold kshim_bug(const char *file, int line)
{
	host_report_from(__builtin_return_address(0), KVMSIM_BUG, file, line, "kernel BUG");
	__builtin_unreachable();
}

REDUCED(panic, "kernel/panic.c", "ends the scenario with a report; no notifiers, no other CPUs to stop");
void panic(const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	host_report_from(__builtin_return_address(0), KVMSIM_BUG, NULL, 0, "Kernel panic - not syncing: %s", text);
	__builtin_unreachable();
}

FAITHFUL(__stack_chk_fail, "kernel/panic.c");
__visible void __stack_chk_fail(void)
{
	host_report_from(__builtin_return_address(0), KVMSIM_BUG, NULL, 0,
			 "stack-protector: Kernel stack is corrupted");
	__builtin_unreachable();
}

FAITHFUL(check_panic_on_warn, "kernel/panic.c");
void check_panic_on_warn(const char *origin)
{
	if (panic_on_warn)
		panic("%s: panic_on_warn set ...\n", origin);
}

INERT_VOID(add_taint, "kernel/panic.c",
	   "taint is for people who read an oops; a report ends or fails the scenario anyway");

static void warn(void *caller, const char *file, int line, unsigned int taint, const char *text)
{
	host_report_from(caller, KVMSIM_WARN, file, line, "WARNING%s%s", *text ? ": " : "", text);
	check_panic_on_warn("kernel");
	add_taint(taint, LOCKDEP_STILL_OK);
}

REDUCED(warn_slowpath_fmt, "kernel/panic.c", "a report instead of lines in the log");
void warn_slowpath_fmt(const char *file, int line, unsigned int taint, const char *fmt, ...)
{
	char text[TEXT_BYTES] = "";
	va_list args;

	if (fmt) {
		va_start(args, fmt);
		format(text, fmt, args);
		va_end(args);
	}
	warn(__builtin_return_address(0), file, line, taint, text);
}

REDUCED(__warn_printk, "kernel/panic.c",
	"a report of its own, without file and line: those follow only with arch WARN flags");
void __warn_printk(const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	warn(__builtin_return_address(0), NULL, 0, TAINT_WARN, text);
}

/* Private to kernel/panic.c and lib/bug.c; the prototype in asm-generic/bug.h needs the tag. */
struct warn_args {
	const char *fmt;
	va_list args;
};

REDUCED(__warn, "kernel/panic.c", "a report instead of lines in the log; the register dump is left out");
void __warn(const char *file, int line, void *caller, unsigned int taint, struct pt_regs *regs, struct warn_args *args)
{
	char text[TEXT_BYTES] = "";

	if (args)
		format(text, args->fmt, args->args);
	warn(caller, file, line, taint, text);
}
