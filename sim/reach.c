// SPDX-License-Identifier: GPL-2.0-only
/* Sets breakpoints in a flavour's kernel code, and takes each away when it is reached. */
#include "reach.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define INT3 0xcc

/* Of this process. Signal handlers of all threads read it. */
static struct {
	const struct reach_points *points;
	unsigned char *hits;
	int taken;	/* a breakpoint is not there any more */
} now;

static size_t find_point(const struct reach_points *p, uintptr_t addr)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p->addr[middle] < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Two threads may come here for one point: a breakpoint is one byte, and both write the same. */
static void on_breakpoint(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	uintptr_t addr = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP] - 1;
	const struct reach_points *p = now.points;
	size_t i = p ? find_point(p, addr) : 0;

	(void)si;
	if (!p || i == p->n || p->addr[i] != addr) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	now.hits[i] = 1;
	now.taken = 1;
	__atomic_store_n((unsigned char *)addr, p->code[i], __ATOMIC_RELAXED);
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)addr;
}

static void fail(const char *what)
{
	fprintf(stderr, "kvmsim: %s: %s\n", what, strerror(errno));
	exit(SIM_EXIT_USAGE);
}

void reach_points_make(struct reach_points *p, const uintptr_t *addr, size_t n)
{
	*p = (struct reach_points){ .addr = xmalloc(n * sizeof(*addr)), .code = xmalloc(n) };
	for (size_t i = 0; i < n; i++) {
		unsigned char code = *(const unsigned char *)addr[i];

		if (code == INT3)
			continue;
		p->addr[p->n] = addr[i];
		p->code[p->n++] = code;
	}
	p->loading = mmap(NULL, p->n + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->loading == MAP_FAILED)
		fail("mmap");
}

void reach_points_free(struct reach_points *p)
{
	/* What runs when the program ends must not meet them. */
	for (size_t i = 0; now.points == p && i < p->n; i++)
		*(volatile unsigned char *)p->addr[i] = p->code[i];
	if (now.points == p)
		now.points = NULL;
	free(p->addr);
	free(p->code);
	munmap(p->loading, p->n + 1);
	*p = (struct reach_points){ 0 };
}

void reach_set(const struct sim_reach *r, int flavour)
{
	struct sigaction a = { .sa_sigaction = on_breakpoint, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const struct reach_points *p = &r->v[flavour];
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start;

	if (!p->n || (now.points == p && !now.taken))
		return;
	start = p->addr[0] & -page;
	if (mprotect((void *)start, p->addr[p->n - 1] + 1 - start, PROT_READ | PROT_WRITE | PROT_EXEC))
		fail("this system forbids breakpoints: mprotect");
	now.points = p;
	now.hits = p->loading;
	now.taken = 0;
	sigaction(SIGTRAP, &a, NULL);
	for (size_t i = 0; i < p->n; i++)
		*(volatile unsigned char *)p->addr[i] = INT3;
}

void reach_clear(const struct sim_reach *r, int flavour)
{
	const struct reach_points *p = &r->v[flavour];

	for (size_t i = 0; i < p->n; i++)
		*(volatile unsigned char *)p->addr[i] = p->code[i];
}

void reach_job(const struct sim_reach *r, int flavour, unsigned char *hits)
{
	now.points = &r->v[flavour];
	now.hits = hits;
}
