// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real lockdep (kernel/locking/lockdep.c), whose complaints become reports.
 *
 * What it prints goes to the log, and is collected per native thread. The dump_stack() that ends each complaint turns
 * the text into one KVMSIM_WARN. The bounds of this shared object tell lock classes from other memory. Of the stack
 * that lockdep keeps with each dependency only the acquisitions are kept; nothing else of it is needed.
 */
#include <linux/console.h>
#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/stacktrace.h>
#include <linux/utsname.h>
#include <asm/sections.h>
#include <kshim/log.h>
#include <kshim/measure.h>
#include "../core/sched/internal.h"

#define TEXT_BYTES 1900

/* The bounds of the object that holds the kernel code, from the linker. */
extern char kshim_object_start[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));
extern char kshim_object_end[] __asm__("_end") __attribute__((visibility("hidden")));

static struct {
	char text[TEXT_BYTES];
	int len;
} said[KVMSIM_MAX_CPUS + 1];

static unsigned int slot(void)
{
	return kshim_thread_cpu ? kshim_thread_cpu->id : KVMSIM_MAX_CPUS;
}

static bool in_object(unsigned long addr)
{
	return addr >= (unsigned long)kshim_object_start && addr < (unsigned long)kshim_object_end;
}

/* Describes where a lock is. A static one is named by its place in this object, whose address changes per run. */
static void describe(char *line, unsigned int size, void *lock)
{
	if (in_object((unsigned long)lock))
		scnprintf(line, size, KERN_CONT "data+%#lx", (unsigned long)lock - (unsigned long)kshim_object_start);
	else
		scnprintf(line, size, KERN_CONT "%px", lock);
}

static __printf(1, 2) int say(const char *fmt, ...)
{
	unsigned int i = slot();
	char line[256];
	va_list args;

	va_start(args, fmt);
	if (!strcmp(printk_skip_level(fmt), "%px"))
		describe(line, sizeof(line), va_arg(args, void *));
	else
		vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	said[i].len += scnprintf(said[i].text + said[i].len, TEXT_BYTES - said[i].len, "%s", printk_skip_level(line));
	return kshim_log("%s", line);
}

static noinline void complain(void)
{
	unsigned int i = slot();
	char *text = said[i].text;

	while (said[i].len && text[said[i].len - 1] == '\n')
		text[--said[i].len] = 0;
	while (*text == '\n' || *text == '=')
		text++;
	said[i].len = 0;
	host_report_from(__builtin_return_address(0), KVMSIM_WARN, NULL, 0, "%s", text);
}

static const char *key_name(unsigned long addr, char *str)
{
	snprintf(str, KSYM_NAME_LEN, "key+%#lx", addr - (unsigned long)kshim_object_start);
	return str;
}

/* The new dependency's lock is the one just above the held ones. */
static unsigned int acquisitions(unsigned long *entries, unsigned int max)
{
	unsigned int n = 0;
	int i = min_t(int, current->lockdep_depth, MAX_LOCK_DEPTH - 1);

	for (; i >= 0 && n < max; i--)
		entries[n++] = current->held_locks[i].acquire_ip;
	return n;
}

static void print_acquisitions(const unsigned long *entries, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		_printk(KERN_WARNING "      acquired at %pS\n", (void *)entries[i]);
}

/*
 * Small hash tables, for far fewer chains and stacks than a machine's uptime gives: a run's entries are all over a
 * table, and each of its pages that a scenario's process writes to has to be copied first. Lockdep reports an overflow.
 */
#undef CONFIG_LOCKDEP_CHAINS_BITS
#define CONFIG_LOCKDEP_CHAINS_BITS		13
#undef CONFIG_LOCKDEP_STACK_TRACE_HASH_BITS
#define CONFIG_LOCKDEP_STACK_TRACE_HASH_BITS	10
#undef printk
#define printk(...)				say(__VA_ARGS__)
#define dump_stack()				complain()
#define nbcon_cpu_emergency_enter()		do { } while (0)
#define nbcon_cpu_emergency_exit()		do { } while (0)
#define print_tainted()				"Not tainted"
#define is_kernel_core_data(addr)		in_object(addr)
#define is_kernel_rodata(addr)			false
#define init_section_contains(addr, size)	false
#define kallsyms_lookup(addr, size, offset, mod, str)	key_name(addr, str)
#define stack_trace_save(entries, max, skip)	acquisitions(entries, max)
#define stack_trace_print(entries, n, indent)	print_acquisitions(entries, n)
#define lock_acquire(...)			kernel_lock_acquire(__VA_ARGS__)
#define lock_is_held_type(...)			kernel_lock_is_held_type(__VA_ARGS__)
#define debug_show_held_locks(task)		kernel_debug_show_held_locks(task)

/* A fault of a guest asks 250 times whether a class is in use. Its number is not negative, as that of BT may be. */
static __always_inline bool class_bit(unsigned long nr, const volatile unsigned long *bits)
{
	return __atomic_load_n(&bits[nr / BITS_PER_LONG], __ATOMIC_RELAXED) >> nr % BITS_PER_LONG & 1;
}

#undef test_bit
#define test_bit(nr, bits)			class_bit(nr, bits)

#include "kernel/locking/lockdep.c"

#undef lock_acquire
#undef lock_is_held_type
#undef debug_show_held_locks

unsigned int kshim_lock_hooks;

void kshim_lock_hook(unsigned int hook, bool on)
{
	if (on)
		__atomic_fetch_or(&kshim_lock_hooks, hook, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&kshim_lock_hooks, ~hook, __ATOMIC_RELAXED);
}

static noinline void after_acquire(const struct lockdep_map *lock)
{
	if (lock->name == READ_ONCE(kshim_watched_lock))
		kshim_watched_lock_taken();
	if (READ_ONCE(kshim_preempt_period))
		kshim_preempt_point();
}

/* Counted here: what is not an RCU or SRCU section. */
FAITHFUL(lock_acquire, "kernel/locking/lockdep.c");
void lock_acquire(struct lockdep_map *lock, unsigned int subclass, int trylock, int read, int check,
		  struct lockdep_map *nest_lock, unsigned long ip)
{
	if (read != 2 && kshim_thread_cpu)
		kshim_count_lock();
	kernel_lock_acquire(lock, subclass, trylock, read, check, nest_lock, ip);
	if (unlikely(READ_ONCE(kshim_lock_hooks)))
		after_acquire(lock);
}

static noinline int held_after_point(const struct lockdep_map *lock, int read)
{
	kshim_preempt_point();
	return kernel_lock_is_held_type(lock, read);
}

FAITHFUL(lock_is_held_type, "kernel/locking/lockdep.c");
int lock_is_held_type(const struct lockdep_map *lock, int read)
{
	if (unlikely(READ_ONCE(kshim_preempt_period)))
		return held_after_point(lock, read);
	return kernel_lock_is_held_type(lock, read);
}

FAITHFUL(debug_show_held_locks, "kernel/locking/lockdep.c");
void debug_show_held_locks(struct task_struct *task)
{
	kernel_debug_show_held_locks(task);
	said[slot()].len = 0;
}

/* Called at a return to user mode; lockdep_sys_exit() prints its complaint without a stack. */
void kshim_lockdep_return(void)
{
	bool complains = current->lockdep_depth && debug_locks;

	lockdep_sys_exit();
	if (complains)
		complain();
}
