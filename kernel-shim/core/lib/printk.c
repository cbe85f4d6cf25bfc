// SPDX-License-Identifier: GPL-2.0-only
/*
 * printk(): formats with the kernel's own vsnprintf() and hands whole lines to the host's log, at once and in order.
 *
 * There is no ring buffer, no console and no deferral. A line without a newline waits for its KERN_CONT; any other
 * message ends it, like in kernel/printk/printk.c. A line that says that the kernel's own state is broken is a report.
 */
#include <linux/kernel.h>
#include <linux/kallsyms.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/string.h>
#include <kshim/host.h>
#include <kshim/log.h>
#include <kshim/machine.h>
#include <kshim/marks.h>

#define LINE_BYTES 1024		/* like PRINTKRB_RECORD_MAX of kernel/printk/printk.c */

FAITHFUL(oops_in_progress, "kernel/printk/printk.c");
int oops_in_progress;

/* Indexes are those of console_loglevel etc. in linux/printk.h. */
FAITHFUL(console_printk, "kernel/printk/printk.c");
int console_printk[4] = {
	CONSOLE_LOGLEVEL_DEFAULT, MESSAGE_LOGLEVEL_DEFAULT, CONSOLE_LOGLEVEL_MIN, CONSOLE_LOGLEVEL_DEFAULT,
};

INERT_VOID(console_verbose, "kernel/printk/printk.c", "the log has all levels");

/* The line that still lacks its newline. */
static struct host_lock line_lock;
static char line[LINE_BYTES];
static size_t line_len;
static int line_level;

static void flush_line(void)
{
	line[line_len] = 0;
	host_log(line_level, line);
	line_len = 0;
}

static void add_text(const char *text, size_t len)
{
	len = min(len, LINE_BYTES - 1 - line_len);
	memcpy(line + line_len, text, len);
	line_len += len;
}

/* Splits a formatted message into lines. level: parsed from its prefix, or LOGLEVEL_DEFAULT. */
static void store(const char *text, int level, bool cont)
{
	const char *nl;

	host_lock(&line_lock);
	if (line_len && !cont)
		flush_line();
	if (!line_len)
		line_level = level < 0 ? MESSAGE_LOGLEVEL_DEFAULT : level;
	while ((nl = strchr(text, '\n'))) {
		add_text(text, nl - text);
		flush_line();
		text = nl + 1;
	}
	add_text(text, strlen(text));
	host_unlock(&line_lock);
}

/* The bounds of the object that the kernel code is linked into, from the linker. */
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));

static bool in_kernel(unsigned long addr)
{
	return addr >= (unsigned long)__ehdr_start && addr < (unsigned long)_end;
}

static unsigned long function_of(unsigned long addr)
{
	unsigned long offset, bytes;
	char name[8];

	return host_symbol(addr, name, sizeof(name), &offset, &bytes) ? addr - offset : addr;
}

/* What pmd_ERROR() and its like say of an entry of the page tables that cannot be: "FILE:LINE: bad pmd ...". */
static bool is_bad_entry(const char *text)
{
	static const char *const names[] = { "pte", "pmd", "pud", "p4d", "pgd" };
	const char *bad = strstr(text, ": bad ");
	unsigned int i;

	for (i = 0; bad && i < ARRAY_SIZE(names); i++) {
		if (strstarts(bad + strlen(": bad "), names[i]))
			return true;
	}
	return false;
}

/*
 * Reports a message with "BUG:", of the two highest levels, or about a bad entry. One of the highest levels without
 * "BUG:" is a further line of the same message when the function that prints it was the last one with a report.
 */
static void judge(void *caller, int level, const char *text)
{
	static unsigned long reported;
	bool bug = strstarts(text, "BUG: ") || (level == LOGLEVEL_ERR && is_bad_entry(text));
	unsigned long function;

	if (!bug && (level < 0 || level > LOGLEVEL_ALERT))
		return;
	function = function_of((unsigned long)caller - 1);
	if (!bug && function == READ_ONCE(reported))
		return;
	WRITE_ONCE(reported, function);
	host_report_from(caller, KVMSIM_WARN, NULL, 0, "the kernel says: %.*s", (int)strcspn(text, "\n"), text);
}

/* caller: the return address of whoever prints; NULL: somebody else reports the message. */
static int emit(void *caller, int level, const char *fmt, va_list args)
{
	char buf[LINE_BYTES];
	const char *text = buf;
	bool cont = false;
	int len, c;

	len = vscnprintf(buf, sizeof(buf), fmt, args);
	while ((c = printk_get_level(text))) {
		if (c == 'c')
			cont = true;
		else if (level == LOGLEVEL_DEFAULT)
			level = c - '0';
		text += 2;
	}
	store(text, level, cont);
	if (caller && !cont)
		judge(caller, level, text);
	return len;
}

REDUCED(vprintk_emit, "kernel/printk/printk.c kernel/printk/printk.c:vprintk_store",
	"no ring buffer, timestamps, caller ids or consoles; a line goes to the log at once, \"BUG:\" is a report as well");
asmlinkage int vprintk_emit(int facility, int level, const struct dev_printk_info *dev_info, const char *fmt,
			    va_list args)
{
	return emit(__builtin_return_address(0), level, fmt, args);
}

FAITHFUL(vprintk, "kernel/printk/printk_safe.c");
asmlinkage int vprintk(const char *fmt, va_list args)
{
	return emit(__builtin_return_address(0), LOGLEVEL_DEFAULT, fmt, args);
}

FAITHFUL(_printk, "kernel/printk/printk.c");
asmlinkage int _printk(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = emit(__builtin_return_address(0), LOGLEVEL_DEFAULT, fmt, args);
	va_end(args);
	return len;
}

int kshim_log(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = emit(NULL, LOGLEVEL_DEFAULT, fmt, args);
	va_end(args);
	return len;
}

REDUCED(_printk_deferred, "kernel/printk/printk.c", "printed at once: there is no console whose locks could be held");
int _printk_deferred(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = emit(__builtin_return_address(0), LOGLEVEL_DEFAULT, fmt, args);
	va_end(args);
	return len;
}

INERT(__printk_deferred_enter, "kernel/printk/printk_safe.c", "nothing is ever deferred");
void __printk_deferred_enter(void)
{
}

INERT(__printk_deferred_exit, "kernel/printk/printk_safe.c", "nothing is ever deferred");
void __printk_deferred_exit(void)
{
}

FAITHFUL(printk_ratelimit_state, "kernel/printk/printk.c");
DEFINE_RATELIMIT_STATE(printk_ratelimit_state, 5 * HZ, 10);

FAITHFUL(__printk_ratelimit, "kernel/printk/printk.c");
int __printk_ratelimit(const char *func)
{
	return ___ratelimit(&printk_ratelimit_state, func);
}

REDUCED(dump_stack_lvl, "lib/dump_stack.c",
	"says neither the release nor the taint; the trace ends where the kernel was entered");
asmlinkage void dump_stack_lvl(const char *log_lvl)
{
	void *frames[KVMSIM_MAX_FRAMES];
	unsigned int i, n = host_backtrace(frames, ARRAY_SIZE(frames));

	printk("%sCPU: %d PID: %d Comm: %s\n", log_lvl, raw_smp_processor_id(), current->pid, current->comm);
	printk("%sCall Trace:\n", log_lvl);
	for (i = 0; i < n && in_kernel((unsigned long)frames[i]); i++)
		printk("%s %pB\n", log_lvl, frames[i]);
}

FAITHFUL(dump_stack, "lib/dump_stack.c");
asmlinkage void dump_stack(void)
{
	dump_stack_lvl(KERN_DEFAULT);
}

/* __sprint_symbol() of kernel/kallsyms.c, with the program's symbol table. No address gets into the log. */
static int print_symbol(char *buffer, unsigned long addr, int shift, bool with_offset)
{
	unsigned long offset, bytes;
	char name[128];
	int len;

	if (!in_kernel(addr))
		return sprintf(buffer, "(outside the kernel)");
	if (!host_symbol(addr + shift, name, sizeof(name), &offset, &bytes))
		return sprintf(buffer, "kernel+0x%lx", addr - (unsigned long)__ehdr_start);
	len = sprintf(buffer, "%s", name);
	if (with_offset)
		len += sprintf(buffer + len, "+%#lx/%#lx", offset - shift, bytes);
	return len;
}

REDUCED(sprint_symbol, "kernel/kallsyms.c",
	"an address outside of the kernel is not shown; KVM's symbols have no module's name");
int sprint_symbol(char *buffer, unsigned long address)
{
	return print_symbol(buffer, address, 0, true);
}

REDUCED(sprint_symbol_build_id, "kernel/kallsyms.c", "like sprint_symbol, without a build id");
int sprint_symbol_build_id(char *buffer, unsigned long address) __alias(sprint_symbol);

REDUCED(sprint_symbol_no_offset, "kernel/kallsyms.c", "like sprint_symbol");
int sprint_symbol_no_offset(char *buffer, unsigned long address)
{
	return print_symbol(buffer, address, 0, false);
}

REDUCED(sprint_backtrace, "kernel/kallsyms.c", "like sprint_symbol");
int sprint_backtrace(char *buffer, unsigned long address)
{
	return print_symbol(buffer, address, -1, true);
}

REDUCED(sprint_backtrace_build_id, "kernel/kallsyms.c", "like sprint_symbol, without a build id");
int sprint_backtrace_build_id(char *buffer, unsigned long address) __alias(sprint_backtrace);
