// SPDX-License-Identifier: GPL-2.0-only
/* The program as a process: syscall(2) by number, fork(2), and its end. */
#define _GNU_SOURCE
#include "exec.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls that programs make by number because libc has no function for them, or did not have one. */
EXPORT long syscall(long nr, ...)
{
	unsigned long a[6];
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (!exec_active())
		return exec_ret(exec_host(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
	switch (nr) {
	case SYS_userfaultfd:
		return exec_new_fd(exec_sys(KVMSIM_SYS_USERFAULTFD, a[0], 0, 0, 0, 0, 0));
	case SYS_memfd_create:
		return memfd_create((const char *)a[0], (unsigned int)a[1]);
	case SYS_exit_group:
		a[0] = (unsigned long)exec_finish((int)a[0]);
		break;
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_mremap:
	case SYS_ioctl:
	case SYS_read:
	case SYS_write:
	case SYS_close:
	case SYS_eventfd:
	case SYS_eventfd2:
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
	case SYS_move_pages:
	case SYS_mbind:
	case SYS_process_madvise:
		exec_refuse("syscall() number %ld: call the function of libc", nr);
	}
	for (int i = 0; i < 6; i++)
		if (exec_in_window((void *)a[i]))
			exec_touch((void *)a[i], 1, true);
	return exec_ret(exec_host(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* --- fork(2): the child is a machine of its own, with a copy of the parent's RAM --- */

static pid_t real_fork(void)
{
	static pid_t (*next)(void);

	if (!next)
		next = exec_next("fork");
	return next();
}

/* The child has the calling thread only. Where the others are in the simulator, they could not go on in the copy. */
static void others_stop(void)
{
	int ret;

	exec_threads_stop();
	exec_enter();
	ret = exec_program->forking();
	exec_leave();
	if (ret)
		exec_refuse("fork() while work of the simulated kernel waits for the program");
}

/* The parent stands still until the child has its copy: the others as soon as they need the simulator. */
EXPORT pid_t fork(void)
{
	int done[2];
	char c;
	pid_t pid;

	if (!exec_active())
		return real_fork();
	if (exec_host(SYS_pipe2, done, O_CLOEXEC) < 0)
		exec_refuse("fork() without a pipe");
	others_stop();
	pid = real_fork();
	if (!pid) {
		exec_threads_forked();
		exec_program->forked();
		exec_files_forked();
		exec_reports_forked();
		exec_host(SYS_close, done[0]);
		exec_host(SYS_close, done[1]);
		return 0;
	}
	exec_host(SYS_close, done[1]);
	if (pid > 0)
		exec_host(SYS_read, done[0], &c, 1);
	exec_host(SYS_close, done[0]);
	exec_threads_go();
	return pid;
}

/* A child that shares the memory would share the machine. */
EXPORT pid_t vfork(void)
{
	return fork();
}

EXPORT int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
	(void)fn;
	(void)stack;
	(void)arg;
	exec_refuse("clone() with flags %#x: use pthread_create() or fork()", (unsigned int)flags);
}

/* --- the end --- */

static void at_exit(int status, void *arg)
{
	int code;

	(void)arg;
	fflush(NULL);
	code = exec_finish(status);
	if (code != status)
		exec_host(SYS_exit_group, code);
}

EXPORT void _exit(int status)
{
	exec_host(SYS_exit_group, exec_active() ? exec_finish(status) : status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	_exit(status);
}

static int (*program_main)(int argc, char **argv, char **env);

static int our_main(int argc, char **argv, char **env)
{
	/* After the program's own, before the libraries' destructors. */
	on_exit(at_exit, NULL);
	return program_main(argc, argv, env);
}

/* libc's start of the program: nothing else runs between main() and the destructors of libraries. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

EXPORT int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
			     void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	typeof(&__libc_start_main) next = exec_next("__libc_start_main");

	program_main = main;
	return next(our_main, argc, argv, init, fini, rtld_fini, stack_end);
}
