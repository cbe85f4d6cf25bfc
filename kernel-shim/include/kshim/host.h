/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel TUs may ask of the host: plain-C functions implemented by the host TUs in kernel-shim/host.
 *
 * Rules: no kernel type crosses this header. No host address, time or random number gets into a scenario's result. A
 * function that can fail says how; one that cannot ends the process.
 */
#ifndef KSHIM_HOST_H
#define KSHIM_HOST_H

#include <kshim/types.h>

/* --- memory: address space from the host, zeroed, never returned piecemeal --- */
/* Maps bytes at addr exactly (addr 0: anywhere), zeroed, lazily backed. Ends the process if the place is taken. */
void *host_map(unsigned long addr, unsigned long bytes);
/* The same, shared: its pages can be given to host_alias(). Only for a process that will not fork. */
void *host_map_shared(unsigned long addr, unsigned long bytes);
void host_unmap(void *p, unsigned long bytes);
/* Returns whether all of p..p+bytes holds c; uses the C library's vector code. false may also mean: cannot tell. */
bool host_all_equal(const void *p, unsigned char c, unsigned long bytes);
/* Makes the page at `to` the same memory as `page`, part of a host_map_shared(). The contents of `to` are lost. */
void host_alias(void *to, void *page, unsigned long bytes);
/* Makes a page-aligned part of a host_map() zeroes, and gives its memory to the host. RAM: only without a window. */
void host_discard(void *p, unsigned long bytes);
/* Takes all access rights from a page-aligned range: the next touch is an oops. */
void host_protect_none(void *p, unsigned long bytes);
/* Gives them back. */
void host_protect_rw(void *p, unsigned long bytes);

/* --- a program that runs in this process as the simulated process (sim/exec) --- */
/* User addresses that are addresses of this process, too; end is 0 if there is no such program. */
extern struct host_window {
	unsigned long start, end;
	uint64_t maps, unmaps;		/* counters */
} host_window;
/* Reserves the addresses. Once, before RAM is mapped. Returns false if something else is there. */
bool host_window_open(unsigned long start, unsigned long end);
/* Like host_map(), for RAM. With a window RAM is one file, whose frames can be shown at further addresses. */
void *host_map_ram(unsigned long addr, unsigned long bytes);
/* Makes the page `at`, outside of the window, the same memory as a frame of RAM. Only with a window. */
void host_show_frame(void *at, const void *frame);
/* Lets the program reach the frame at the page of addr. The caller keeps a flush of that address away meanwhile. */
void host_window_map(unsigned long addr, const void *frame, bool write);
/* Takes that away from the pages of start..end, on every thread before it returns. Without a window: nothing. */
void host_window_unmap(unsigned long start, unsigned long end);
/* In a child of fork(2): gives it a copy of RAM, and empties the window. The parent makes no call meanwhile. */
void host_ram_forked(void);
/*
 * Returns fn(mem, done, len, arg), or false if that touches memory that this process does not have or may not touch so.
 * fn takes no lock and is not interrupted half-way otherwise.
 */
bool host_try(bool (*fn)(void *mem, unsigned long done, unsigned long len, void *arg), void *mem, unsigned long done,
	      unsigned long len, void *arg);
/* Whether addr is in a place that host_map() or host_map_ram() chose. */
bool host_is_fixed(unsigned long addr);

/* --- native threads and waiting --- */
/* A place to wait, one per task: a binary semaphore. park returns after an unpark that no park has consumed. */
struct host_parker { int token; };
void host_park(struct host_parker *p);
/* The same for at most about that many microseconds. Returns false if no unpark came. It may return early. */
bool host_park_for(struct host_parker *p, unsigned int microseconds);
void host_unpark(struct host_parker *p);
/* Starts a thread that runs fn(arg); fn does not return. Ends the process if the host has no thread left. */
void host_thread_start(void (*fn)(void *arg), void *arg);
/* Identifies the calling native thread, for host_call_on_thread(). */
unsigned long host_thread_self(void);
/*
 * Makes a thread that has not ended call fn in a signal handler. pc is where the thread was. Returns false if it did
 * not call fn within 0.5 s. One call at a time.
 */
bool host_call_on_thread(unsigned long thread, void (*fn)(void *pc));
/* One turn of a spin wait: yields the host CPU. */
void host_spin_wait(void);
/* Sleeps for about that many microseconds, only to let another native thread run on a busy host. */
void host_nap(unsigned int microseconds);
/* A short lock for the shim's own data; never held across kernel code. Initialise with zero. */
struct host_lock { int v; };
void host_lock(struct host_lock *l);
void host_unlock(struct host_lock *l);

/* --- RCU on liburcu (memb flavour) --- */
void host_rcu_register_thread(void);
void host_rcu_unregister_thread(void);
void host_rcu_read_lock(void);
void host_rcu_read_unlock(void);
/* Waits for all readers in other threads; the caller must not be a reader. */
void host_synchronize_rcu(void);

/* --- exceptions that kernel code expects, of the host's processor --- */
/* The general registers in the order of their numbers: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15. */
struct host_regs {
	unsigned long gpr[16], flags, ip;
};
struct host_exception_ops {
	/* Returns whether host_trap_at() replaced the instruction at ip. Called in a signal handler. */
	bool (*is_trap)(unsigned long ip);
	/* Does what that instruction would do, as if the instruction called it, and continues at *r. It may sleep. */
	void (*trapped)(struct host_regs *r);
	/* Moves *r to where the kernel's exception table continues; false: no entry. Called in a signal handler. */
	bool (*fixup)(struct host_regs *r, unsigned int vector);
};
void host_handle_exceptions(const struct host_exception_ops *ops);
/* Puts a trap in place of the instruction at ip, which has 2 bytes or more. Call it before any code runs there. */
void host_trap_at(unsigned long ip);

/* --- reporting: all end up in kvmsim_host_ops; see kshim/machine.h for the kinds --- */
struct kvmsim_host_ops;
void host_set_ops(const struct kvmsim_host_ops *ops);
/* kind: enum kvmsim_report_kind. file, line: where the kernel code is, or NULL and 0. Fatal kinds do not return. */
void host_report(int kind, const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A report about earlier code: its frames are these n return addresses instead of the stack; NULL ones are left out. */
void host_report_frames(int kind, const void *const *addrs, unsigned int n, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * A finding of the check with this id (kshim/checks.h): a report of kind KVMSIM_CHECK. The second form is for earlier
 * code, see host_report_frames().
 */
void host_check(const char *id, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void host_check_frames(const char *id, const void *const *addrs, unsigned int n, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Says which word of simulated memory the calling thread's next report is about, so that the program can find out who
 * changed it: see struct kvmsim_subject. what: a constant. At most KVMSIM_MAX_SUBJECTS; more, and NULL, are ignored.
 */
void host_about(const char *what, const volatile uint64_t *word);
/* The same for a count of references. */
void host_about_count(const char *what, const volatile uint32_t *count);
/* As kvmsim_machine_ops says. */
struct kvmsim_change;
int host_watch(uint64_t addr, unsigned int bytes);
unsigned int host_watched(uint64_t addr, struct kvmsim_change *out, unsigned int max);
/* One call into the machine has ended, see struct kvmsim_change. */
void host_watch_next_call(void);
void host_fatal(int kind, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), noreturn));
/*
 * Switches back traces off (true) or on (false) for reports of the calling thread. For reports about state, where the
 * stack of the reporting thread says nothing.
 */
void host_report_without_trace(bool on);
/* Like host_report(), but the back trace starts at return address pc, to hide the shim's own frames. */
void host_report_from(void *pc, int kind, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Stores the return addresses of the caller and its callers, innermost first. Returns how many. */
unsigned int host_backtrace(void **frames, unsigned int max);
/*
 * Finds the symbol that contains addr in the program's symbol table: its name, cut to size; the offset of addr in it;
 * and its length in bytes. Returns false if there is none. Slow the first time.
 */
bool host_symbol(unsigned long addr, char *name, unsigned long size, unsigned long *offset, unsigned long *bytes);
void host_log(int level, const char *line);
/* Records the first `bytes` bytes of a trace event, see kvmsim_host_ops. */
struct kvmsim_trace_event;
void host_trace(const struct kvmsim_trace_event *e, unsigned int bytes);
/* Returns whether trace events are wanted. */
bool host_wants_trace(void);
/* Installs the handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL: a bad pointer in kernel code becomes an oops or REFUSED. */
void host_catch_oops(void);
/* Gives the calling native thread a signal stack, so that a kernel stack overflow is reported too. detach undoes it. */
void host_oops_thread_attach(void);
void host_oops_thread_detach(void);

#endif
