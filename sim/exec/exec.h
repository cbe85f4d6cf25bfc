/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of libkvmexec.so, which is preloaded into a program and makes the program the simulated machine's process.
 *
 * The library stands in front of libc. A call that is about /dev/kvm, about memory that the program maps, or about a
 * file that KVM can have goes to the simulator, which is in the same process; all others go to the host. Addresses in
 * the window (kshim/machine.h: struct kvmsim_exec_ops) and file descriptors have the same number on both sides.
 *
 * What a thread does inside the simulator goes to the host: exec_active() is false then. libc's own calls of itself do
 * not pass here, so malloc() and the stacks of threads stay the host's.
 */
#ifndef KVMEXEC_EXEC_H
#define KVMEXEC_EXEC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <kshim/machine.h>

/* For the functions that stand in front of libc's; everything else is hidden. */
#define EXPORT __attribute__((visibility("default")))

extern const struct kvmsim_machine_ops *exec_ops;	/* NULL: there is no simulator (yet) */
extern const struct kvmsim_exec_ops *exec_program;
extern int exec_pid;
/* The machine's personality: "ept", ... */
const char *exec_mmu(void);

/* --- host.c: the host's kernel, past this library --- */
/* A system call. Returns a value or -errno. */
long exec_host(long nr, ...);
/* What libc does: -1 and errno for -errno. */
long exec_ret(long value);
/* The same function of libc. */
void *exec_next(const char *name);

/* --- thread.c: threads inside and outside of the simulator --- */
/* Whether the calling thread is the program's, and not in the simulator. */
bool exec_active(void);
bool exec_in_simulator(void);
/*
 * Enclose the use of exec_ops. A thread that finds no free simulated CPU waits for one. They do not nest. exec_leave()
 * returns what exec_signals_late() does.
 */
void exec_enter(void);
bool exec_leave(void);
/* Calls fn, inside of the simulator, if no other thread is there; none can come in until it returns. */
void exec_alone(void (*fn)(void));
/* A system call of the program in the simulator. Returns a value or -errno. */
int64_t exec_sys(enum kvmsim_sys nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* Makes the calling thread, which booted the machine, the first of the program. nr_cpus: simulated CPUs. */
void exec_threads_begin(unsigned int nr_cpus);
/* The number of other threads that are in the simulator. */
unsigned int exec_threads_inside(void);
/* Whether the program ever had a second thread. */
bool exec_threaded(void);
/*
 * The other threads leave the simulator, and none comes in until exec_threads_go(), except the calling one. What one of
 * them was waiting for there goes on afterwards, and the program does not notice.
 */
void exec_threads_stop(void);
void exec_threads_go(void);
/* In a child of fork(2), after exec_threads_stop(): there are no other threads. */
void exec_threads_forked(void);

/* --- report.c: what the simulator has to say --- */
extern const struct kvmsim_host_ops exec_host_ops;
/* Ends the program with exit code 1: it asked for something that cannot be right here. The text names it. */
void exec_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Prints one line to standard error. */
void exec_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The end of the program: the last checks, and the verdict. Returns the exit code for the program's own. */
int exec_finish(int status);
/*
 * Checks the whole world if no other thread is in the simulator: before a call that takes away what could be checked.
 * After many times, less and less often.
 */
void exec_check(void);
/* In a child of fork(2): what the parent reported is the parent's. */
void exec_reports_forked(void);
extern bool exec_logging;
/* In a build with gcov: writes out what the flavour has counted. Else NULL. */
extern void (*exec_keep_counts)(void);

/* --- memory.c: what the program maps --- */
bool exec_in_window(const void *p);
/* Makes len bytes at p in the window accessible, for a system call of the host. */
void exec_touch(const void *p, size_t len, bool write);

/* --- file.c: file descriptors of the simulator --- */
bool exec_is_simulated(int fd);
/* Takes the result of a call that made an fd: gives it the same number on the host. Returns as libc does. */
int exec_new_fd(int64_t fd);
/* The same for fcntl(2): no lower number than least. */
int exec_new_fd_from(int64_t fd, int least);
/* Opens a file of /proc or /sys that the simulated machine has: *fd as from open(2). Returns false for all others. */
bool exec_open_proc(const char *path, int flags, int *fd);
/* Forgets all simulated files' waiters, before the process ends; inside of the simulator. */
void exec_files_end(void);
/* In a child of fork(2): the descriptors of the host that stand for simulated ones are no longer the parent's. */
void exec_files_forked(void);

/* --- signal.c: signals that come inside of the simulator --- */
/* A thread goes in. */
void exec_signals_begin(void);
/*
 * A thread is outside again: the signals come now. Returns whether there were some and each one's handler wants system
 * calls to be restarted.
 */
bool exec_signals_late(void);
/*
 * Takes thread tid, which is in the simulator and does not leave it before exec_signals_ousted() returns there, out of
 * what it waits for. Returns whether the host has sent the signal.
 */
bool exec_signals_oust(int tid);
/* Waits until the calling thread has had n of these signals. */
void exec_signals_ousted(unsigned int n);
/* Whether exec_signals_oust() ended the call since exec_signals_begin(), and no signal of the program. */
bool exec_signals_only_ousted(void);
/*
 * KVM_RUN will have this mask. What it lets through although the thread blocks it ends KVM_RUN and does nothing else,
 * whatever the program's action is. Returns the mask without the signals that are never blocked.
 */
uint64_t exec_signals_catch(uint64_t mask);

/* --- fault.c: the program's page faults and its handlers of signals --- */
/* From now on a CPUID instruction of this thread, and of those that it makes, is the simulated processor's. */
void exec_cpuid_begin(void);
/* Before the machine boots, on its thread; and once it has booted and installed its own handlers. */
void exec_faults_boot(void);
void exec_faults_begin(void);
/* Installs what each other new thread needs. */
void exec_faults_thread(void);

/* --- reach.c: what the program reaches of the flavour --- */
/* Sets the breakpoints that kvmsim asks for (reach.h), if it does. flavour: an address in it. */
void exec_reach_begin(const void *flavour);
/* There are some: SIGTRAP is this library's. */
extern bool exec_reaching;

#endif
