// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes which places of the flavour's code a program reaches, for kvmsim check: a breakpoint stands at each, and the
 * first thread that comes there takes it away in its process.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>
#include "reach.h"
#include "signal.h"

#define INT3 0xcc

bool exec_reaching;

static struct exec_points *points;
static unsigned char *code;	/* for each the byte that was there */
static unsigned char *base;	/* the flavour's beginning */

static int by_place(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Two threads may come here for one place: a breakpoint is one byte, and both write the same. */
static void on_breakpoint(int sig, siginfo_t *si, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t at = (uint64_t)g[REG_RIP] - 1 - (uint64_t)base, *found;

	(void)si;
	found = bsearch(&at, points->at, points->n, sizeof(at), by_place);
	if (!found) {
		signal_default(sig);
		return;
	}
	exec_points_hits(points)[found - points->at] = 1;
	__atomic_store_n(base + at, code[found - points->at], __ATOMIC_RELAXED);
	g[REG_RIP]--;
}

static struct exec_points *map_points(const char *path)
{
	long fd = exec_host(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC), p = -1;
	struct stat st;

	if (fd >= 0 && !exec_host(SYS_fstat, fd, &st))
		p = exec_host(SYS_mmap, NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p < 0 && p > -4096)
		exec_refuse("places to note in %s (errno %ld)", path, fd < 0 ? -fd : -p);
	exec_host(SYS_close, fd);
	return (struct exec_points *)p;
}

void exec_reach_begin(const void *flavour)
{
	const struct sigaction act = { .sa_sigaction = on_breakpoint, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const char *path = getenv(EXEC_REACH);
	unsigned char *first, *last;
	Dl_info where;
	long ret;

	if (!path || !dladdr(flavour, &where))
		return;
	points = map_points(path);
	if (!points->n)
		return;
	base = where.dli_fbase;
	code = malloc(points->n);
	first = (unsigned char *)((uintptr_t)(base + points->at[0]) & -(uintptr_t)getpagesize());
	last = base + points->at[points->n - 1];
	ret = code ? exec_host(SYS_mprotect, first, last + 1 - first, PROT_READ | PROT_WRITE | PROT_EXEC) : -1;
	if (ret)
		exec_refuse("breakpoints on this system (errno %ld)", -ret);
	exec_reaching = true;
	exec_real_sigaction(SIGTRAP, &act, NULL);
	for (uint64_t i = 0; i < points->n; i++) {
		volatile unsigned char *at = base + points->at[i];

		code[i] = *at;
		*at = INT3;
	}
}
