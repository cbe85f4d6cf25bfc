// SPDX-License-Identifier: GPL-2.0-only
/* Reports of what went wrong in kernel code, with a back trace, and the handler that turns bad pointers into them. */
#define _GNU_SOURCE
#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/track.h>
#include "report.h"

#define TEXT_MAX 2048
#define SKIP_MAX 16		/* our own frames above the first one that is wanted */
#define ENTRY_FRAME 256		/* maximum frame size of host_divert()'s function */
#define ALT_STACK_BYTES (256UL << 10)
#define USER_END (1UL << 44)	/* TASK_SIZE in every build */
#define NULL_END 0x10000UL	/* a pointer below this is NULL plus a member's offset */
#define ASAN_SHADOW 0x7fff8000UL	/* x86-64 */
#define ASAN_SHADOW_END 0x10007fff8000UL
#define PF_WRITE 2		/* x86 page-fault error code */
#define PF_FETCH 16

/* Made by the build: one slot per symbol that nobody defines, and the slots' names. Absent if there is none. */
struct refused_name {
	void *addr;
	const char *name;
};
extern char __start_kshim_refused[] __attribute__((weak, visibility("hidden")));
extern char __stop_kshim_refused[] __attribute__((weak, visibility("hidden")));
extern struct refused_name __start_kshim_refused_names[] __attribute__((weak, visibility("hidden")));
extern struct refused_name __stop_kshim_refused_names[] __attribute__((weak, visibility("hidden")));

/* The bounds of the object that holds the kernel code, from the linker. */
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));

static const struct kvmsim_host_ops *host_ops;
static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static struct sigaction old_actions[sizeof(fault_signals) / sizeof(*fault_signals)];
static _Thread_local bool in_fault;
static _Thread_local void *alt_stack;

void host_set_ops(const struct kvmsim_host_ops *ops)
{
	host_ops = ops;
}

void host_log(int level, const char *line)
{
	if (host_ops && host_ops->log)
		host_ops->log(level, line);
	else
		fprintf(stderr, "<%d>%s\n", level, line);
}

bool host_wants_trace(void)
{
	return host_ops && host_ops->trace;
}

void host_trace(const struct kvmsim_trace_event *e, unsigned int bytes)
{
	host_ops->trace(e, bytes);
}

unsigned int host_backtrace_from(void *pc, void **frames, unsigned int max)
{
	void *all[KVMSIM_MAX_FRAMES + SKIP_MAX];
	int i, n = backtrace(all, KVMSIM_MAX_FRAMES + SKIP_MAX);
	int from = 0;
	unsigned int got = 0;

	for (i = 0; i < n; i++) {
		if (all[i] == pc) {
			from = i;
			break;
		}
	}
	for (i = from; i < n && got < max; i++)
		frames[got++] = all[i];
	return got;
}

unsigned int host_backtrace(void **frames, unsigned int max)
{
	return host_backtrace_from(__builtin_return_address(0), frames, max);
}

static _Thread_local struct kvmsim_subject subjects[KVMSIM_MAX_SUBJECTS];

static void about(const char *what, uint64_t addr, unsigned int bytes, bool count)
{
	unsigned int i;

	for (i = 0; addr && i < KVMSIM_MAX_SUBJECTS; i++) {
		if (subjects[i].bytes)
			continue;
		subjects[i] = (struct kvmsim_subject){ .what = what, .addr = addr, .bytes = bytes, .count = count };
		break;
	}
}

void host_about(const char *what, const volatile uint64_t *word)
{
	about(what, (uintptr_t)word, 8, false);
}

void host_about_count(const char *what, const volatile uint32_t *count)
{
	about(what, (uintptr_t)count, 4, true);
}

static void deliver(struct kvmsim_report *r)
{
	memcpy(r->subjects, subjects, sizeof(subjects));
	memset(subjects, 0, sizeof(subjects));
	if (host_ops && host_ops->report) {
		host_ops->report(r);
	} else {
		fprintf(stderr, "kvmsim: %s\n", r->text);
		backtrace_symbols_fd(r->frames, r->nr_frames, STDERR_FILENO);
	}
	if (r->kind <= KVMSIM_LAST_FATAL)
		abort();
}

static __thread bool without_trace;

void host_report_without_trace(bool on)
{
	without_trace = on;
}

static void vreport(void *pc, struct kvmsim_report *r, const char *fmt, va_list args)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, args);
	r->text = text;
	if (!without_trace)
		r->nr_frames = host_backtrace_from(pc, r->frames, KVMSIM_MAX_FRAMES);
	deliver(r);
}

static void vreport_at(void *pc, int kind, const char *file, int line, const char *fmt, va_list args)
{
	struct kvmsim_report r = { .kind = kind, .file = file ? host_short_path(file) : NULL, .line = line };

	vreport(pc, &r, fmt, args);
}

void host_report(int kind, const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport_at(__builtin_return_address(0), kind, file, line, fmt, args);
	va_end(args);
}

void host_report_from(void *pc, int kind, const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport_at(pc, kind, file, line, fmt, args);
	va_end(args);
}

void host_check(const char *id, const char *fmt, ...)
{
	struct kvmsim_report r = { .kind = KVMSIM_CHECK, .check = id };
	va_list args;

	va_start(args, fmt);
	vreport(__builtin_return_address(0), &r, fmt, args);
	va_end(args);
}

static void vreport_frames(struct kvmsim_report *r, const void *const *addrs, unsigned int n, const char *fmt,
			   va_list args)
{
	char text[TEXT_MAX];
	unsigned int i;

	vsnprintf(text, sizeof(text), fmt, args);
	r->text = text;
	for (i = 0; i < n && r->nr_frames < KVMSIM_MAX_FRAMES; i++) {
		if (addrs[i])
			r->frames[r->nr_frames++] = (void *)addrs[i];
	}
	deliver(r);
}

void host_report_frames(int kind, const void *const *addrs, unsigned int n, const char *fmt, ...)
{
	struct kvmsim_report r = { .kind = kind };
	va_list args;

	va_start(args, fmt);
	vreport_frames(&r, addrs, n, fmt, args);
	va_end(args);
}

void host_check_frames(const char *id, const void *const *addrs, unsigned int n, const char *fmt, ...)
{
	struct kvmsim_report r = { .kind = KVMSIM_CHECK, .check = id };
	va_list args;

	va_start(args, fmt);
	vreport_frames(&r, addrs, n, fmt, args);
	va_end(args);
}

void host_fatal(int kind, const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport_at(__builtin_return_address(0), kind, file, line, fmt, args);
	va_end(args);
	abort();
}

static bool in_kernel_object(unsigned long pc)
{
	return pc >= (unsigned long)__ehdr_start && pc < (unsigned long)_end;
}

/* Returns the refused symbol at or before addr, or NULL if addr is not in their section. */
static const char *refused_symbol(unsigned long addr)
{
	const struct refused_name *n, *best = NULL;

	if (!__start_kshim_refused || addr < (unsigned long)__start_kshim_refused ||
	    addr >= (unsigned long)__stop_kshim_refused)
		return NULL;
	for (n = __start_kshim_refused_names; n < __stop_kshim_refused_names; n++) {
		if ((unsigned long)n->addr <= addr && (!best || n->addr > best->addr))
			best = n;
	}
	return best ? best->name : "(a symbol without a name)";
}

static const char *poison_hint(unsigned long v)
{
	if (v == 0x6b6b6b6b6b6b6b6bUL || v == 0x6b6b6b6b6b6b6ba5UL)
		return "freed slab object";
	if (v == 0x5a5a5a5a5a5a5a5aUL)
		return "slab object used before it was filled";
	if (v >= 0xdead000000000100UL && v < 0xdead000000000122UL)
		return "LIST_POISON1: entry already off its list";
	if (v >= 0xdead000000000122UL && v < 0xdead000000000400UL)
		return "LIST_POISON2: entry already off its list";
	if (v >> 48 == 0xdead)
		return "a poisoned pointer";
	if (v >> 32 == 0x6b6b6b6bUL || v >> 48 == 0x6b6b)
		return "freed slab object";
	if (v >> 48 == 0xaaaa || v >> 48 == 0xeeee)
		return "freed page";
	return NULL;
}

/*
 * A non-canonical address raises a general-protection fault without the address. Looks for one in the registers; poison
 * values are what matters there.
 */
static void describe_noncanonical(const ucontext_t *uc, char *buf, size_t size)
{
	static const int regs[] = {
		REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10, REG_R11,
		REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	};
	unsigned long v;
	const char *hint;
	size_t i;

	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++) {
		v = uc->uc_mcontext.gregs[regs[i]];
		hint = poison_hint(v);
		if (hint) {
			snprintf(buf, size,
				 "general protection fault, probably for non-canonical address 0x%016lx (%s)", v, hint);
			return;
		}
	}
	snprintf(buf, size, "general protection fault (non-canonical address)");
}

/* Code checked by AddressSanitizer first touches the shadow of an address, and faults there. */
static unsigned long unshadow(unsigned long addr)
{
#ifdef __SANITIZE_ADDRESS__
	if (addr >= ASAN_SHADOW && addr < ASAN_SHADOW_END)
		return (addr - ASAN_SHADOW) << 3;
#endif
	return addr;
}

/* True just below the stack pointer or, for a big frame, further down. A program has nothing else there. */
static bool is_stack_overflow(const siginfo_t *si, const ucontext_t *uc)
{
	unsigned long addr = (unsigned long)si->si_addr, sp = uc->uc_mcontext.gregs[REG_RSP];

	return si->si_signo == SIGSEGV && si->si_code != SI_KERNEL && !host_is_fixed(addr) && addr >= USER_END &&
	       addr < sp + 4096 && addr > sp - (1UL << 20);
}

static void describe_fault(int sig, const siginfo_t *si, const ucontext_t *uc, char *buf, size_t size)
{
	unsigned long addr = unshadow((unsigned long)si->si_addr);
	unsigned long err = uc->uc_mcontext.gregs[REG_ERR];
	const char *how = err & PF_FETCH ? "instruction fetch" : err & PF_WRITE ? "write" : "read";

	if (sig == SIGFPE)
		snprintf(buf, size, "divide error");
	else if (sig == SIGILL)
		snprintf(buf, size, "invalid opcode");
	else if (sig == SIGSEGV && si->si_code == SI_KERNEL)
		describe_noncanonical(uc, buf, size);
	else if (addr < NULL_END)
		snprintf(buf, size, "kernel NULL pointer dereference, address: 0x%lx (%s)", addr, how);
	else if (addr >= -4095UL)
		snprintf(buf, size, "error pointer dereferenced: ERR_PTR(%ld) (%s)", (long)addr, how);
	else if (addr < USER_END)
		snprintf(buf, size, "user address 0x%lx touched without user access functions (%s)", addr, how);
	else if (poison_hint(addr))
		snprintf(buf, size, "unable to handle page fault for address: 0x%lx (%s) (%s)", addr, how,
			 poison_hint(addr));
	else if (host_is_fixed(addr))
		snprintf(buf, size, "unable to handle page fault for address: 0x%lx (%s), in simulated memory", addr,
			 how);
	else if (is_stack_overflow(si, uc))
		snprintf(buf, size, "kernel stack overflow");
	else
		snprintf(buf, size, "unable to handle page fault (%s): the address is neither user nor kernel memory",
			 how);
}

/* Returns whether kernel code is at fault, itself or in a library function that it called. */
static bool kernel_faulted(unsigned long pc)
{
	void *frames[KVMSIM_MAX_FRAMES];
	unsigned int i, n;

	if (in_kernel_object(pc))
		return true;
	/* Only the frames above the signal's: this handler is in the kernel's object too. */
	n = host_backtrace_from((void *)pc, frames, KVMSIM_MAX_FRAMES);
	for (i = 0; i < n && frames[0] == (void *)pc; i++) {
		if (in_kernel_object((unsigned long)frames[i]))
			return true;
	}
	return false;
}

/* A fault of the simulator itself, not of kernel code: the handler that was installed before ours gets it. */
static void pass_on(int sig)
{
	size_t i;

	for (i = 0; i < sizeof(fault_signals) / sizeof(*fault_signals); i++) {
		if (fault_signals[i] == sig)
			sigaction(sig, &old_actions[i], NULL);
	}
}

/* Passed from the signal handler to the report, which does things that a handler may not. */
static _Thread_local enum kvmsim_report_kind fault_kind;

/*
 * Returns the buffer for the text: the far end of the thread's signal stack, because a shared object has little room
 * for thread-local data. Threads without a signal stack share a buffer.
 */
static char *fault_text(void)
{
	static char shared[TEXT_MAX];

	return alt_stack ? alt_stack : shared;
}

/* Runs on the stack of the faulting code, as if the faulting instruction had called it; see on_fault(). */
static __attribute__((force_align_arg_pointer, noinline)) void report_fault(void)
{
	struct kvmsim_report r = { .kind = fault_kind, .text = fault_text() };

	r.nr_frames = host_backtrace_from(__builtin_return_address(0), r.frames, KVMSIM_MAX_FRAMES);
	deliver(&r);
}

/* Adds 1, because return addresses are looked up one byte lower. */
void host_divert(ucontext_t *uc, void (*entry)(void))
{
	greg_t *gregs = uc->uc_mcontext.gregs;

	/* Valgrind does not see the stack grow here. */
	host_track_undefined((void *)(gregs[REG_RSP] - ENTRY_FRAME), ENTRY_FRAME);
	gregs[REG_RSP] -= sizeof(unsigned long);
	*(unsigned long *)gregs[REG_RSP] = gregs[REG_RIP] + 1;
	gregs[REG_RIP] = (greg_t)entry;
}

/* Where host_try() of this thread goes on after a fault, for __builtin_longjmp(); NULL: not in it. */
static _Thread_local void **tried;

bool host_try(bool (*fn)(void *mem, unsigned long done, unsigned long len, void *arg), void *mem, unsigned long done,
	      unsigned long len, void *arg)
{
	void *here[5];
	volatile bool ret = false;

	if (!__builtin_setjmp(here)) {
		__atomic_store_n(&tried, here, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		ret = fn(mem, done, len, arg);
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&tried, NULL, __ATOMIC_RELAXED);
	return ret;
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	unsigned long addr = (unsigned long)si->si_addr, pc = uc->uc_mcontext.gregs[REG_RIP];
	unsigned long sp = uc->uc_mcontext.gregs[REG_RSP];
	bool bad_call = sig == SIGSEGV && pc == addr;
	const char *name = refused_symbol(addr);
	char what[TEXT_MAX / 2];

	if (si->si_code > 0 && tried)
		__builtin_longjmp(tried, 1);
	if (host_watch_fault(sig, si, uc) || (si->si_code > 0 && host_exception(uc)))
		return;
	if (bad_call)
		pc = *(unsigned long *)sp;
	if (in_fault || si->si_code <= 0 || !kernel_faulted(pc)) {
		pass_on(sig);
		return;
	}
	in_fault = true;
	if (name) {
		fault_kind = KVMSIM_REFUSED;
		snprintf(fault_text(), TEXT_MAX, "%s of %s, which kvmsim does not model",
			 bad_call ? "call" : "access to data", name);
	} else {
		fault_kind = KVMSIM_OOPS;
		describe_fault(sig, si, uc, what, sizeof(what));
		snprintf(fault_text(), TEXT_MAX, "%s%s", bad_call ? "call through a bad pointer: " : "", what);
	}
	/* A full stack has no room for the report: stay on the signal stack. */
	if (is_stack_overflow(si, uc))
		report_fault();
	/* A call through a bad pointer has pushed its caller already; else the faulting instruction is the caller. */
	if (bad_call)
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)report_fault;
	else
		host_divert(uc, report_fault);
}

void host_oops_thread_attach(void)
{
	stack_t ss = { .ss_size = ALT_STACK_BYTES }, had;

	if (alt_stack)
		return;
	/* A program's threads bring their own; they attach and detach often. */
	if (!sigaltstack(NULL, &had) && !(had.ss_flags & SS_DISABLE) && had.ss_size >= ALT_STACK_BYTES)
		return;
	alt_stack = mmap(NULL, ALT_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
	if (alt_stack == MAP_FAILED) {
		alt_stack = NULL;
		return;
	}
	ss.ss_sp = alt_stack;
	sigaltstack(&ss, NULL);
}

void host_oops_thread_detach(void)
{
	stack_t ss = { .ss_flags = SS_DISABLE };

	if (!alt_stack)
		return;
	sigaltstack(&ss, NULL);
	munmap(alt_stack, ALT_STACK_BYTES);
	alt_stack = NULL;
}

void host_catch_oops(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	void *warm_up[4];
	size_t i;

	/* The first back trace loads the unwinder, which a signal handler may not do. */
	backtrace(warm_up, 4);
	if (__start_kshim_refused) {
		unsigned long start = (unsigned long)__start_kshim_refused, end = (unsigned long)__stop_kshim_refused;

		if (start % 4096 || end % 4096)
			host_fatal(KVMSIM_BUG, NULL, 0, "the refused symbols do not fill whole pages");
		if (end > start)
			host_protect_none((void *)start, end - start);
	}
	host_oops_thread_attach();
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(fault_signals) / sizeof(*fault_signals); i++)
		sigaction(fault_signals[i], &sa, &old_actions[i]);
}
