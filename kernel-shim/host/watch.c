// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watched words of simulated memory: records who changes them.
 *
 * The page of a watched word is read-only. A store into it faults; then the page is opened for this one instruction,
 * which the processor executes as a single step (the trap flag), and the word is compared with what it was. Without a
 * watched word nothing of this happens. A thread that stores while another one makes its step is not seen.
 *
 * A store into a word that the modelled processor may change at any time is judged as well: it must be one locked
 * instruction, else what the processor sets between the kernel's load and its store is lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/stores.h>
#include <kshim/track.h>
#include "report.h"

#define PAGE 4096UL
#define MAX_CHANGES 256		/* kept of each word, the last ones */
#define MAX_STEPS 100000	/* then the scenario has no time left for more */
#define TRAP_FLAG 0x100
#define PF_WRITE 2		/* x86 page-fault error code */

struct word {
	unsigned long addr;
	unsigned int bytes;
	uint64_t value;
	unsigned long changes;	/* how many there were */
	struct kvmsim_change *change;	/* a ring of MAX_CHANGES */
	const struct host_store_judge *judge;	/* of stores, or NULL */
};

static struct word words[KVMSIM_MAX_WATCHED];
static unsigned int nr_words;
static struct host_lock lock;
static unsigned long steps;
static _Atomic uint64_t call;	/* threads make calls at once */
static _Thread_local unsigned int stepping;	/* how many pages are open for the step of this thread */
static _Thread_local unsigned long opened[2];
static _Thread_local struct word *torn;	/* the step that this thread makes is a wrong store into it */
static struct sigaction breakpoints;	/* who handled SIGTRAP before */

static uint64_t value_of(const struct word *w)
{
	return w->bytes == 4 ? *(const volatile uint32_t *)w->addr : *(const volatile uint64_t *)w->addr;
}

/* Consecutive changes by one instruction, such as a REP STOS of single bytes, are one. */
static void note_change(struct word *w, uint64_t new, void *pc)
{
	struct kvmsim_change *c = &w->change[(w->changes - 1) % MAX_CHANGES];
	uint64_t now = call;

	if (!w->changes || c->frames[0] != pc || c->call != now) {
		c = &w->change[w->changes++ % MAX_CHANGES];
		c->old = w->value;
		c->call = now;
		c->nr_frames = host_backtrace_from(pc, c->frames, KVMSIM_CHANGE_FRAMES);
	}
	c->new = new;
	w->value = new;
}

static void compare(unsigned long page, void *pc)
{
	unsigned int i;

	for (i = 0; i < nr_words; i++) {
		struct word *w = &words[i];

		if ((w->addr & -PAGE) == page && value_of(w) != w->value)
			note_change(w, value_of(w), pc);
	}
}

/* Returns whether an instruction of the x86 processor reads and writes its memory at once: LOCK, or XCHG without it. */
static bool is_locked(const unsigned char *code)
{
	for (;; code++) {
		switch (*code) {
		case 0xf0:
			return true;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0xf2: case 0xf3:
			continue;
		}
		break;
	}
	if ((*code & 0xf0) == 0x40)	/* REX */
		code++;
	return *code == 0x86 || *code == 0x87;
}

static struct word *wrong_store(unsigned long addr, const void *code)
{
	unsigned int i;

	for (i = 0; i < nr_words; i++) {
		struct word *w = &words[i];

		if (w->judge && addr - w->addr < w->bytes && w->judge->may_change((const uint64_t *)w->addr) &&
		    !is_locked(code))
			return w;
	}
	return NULL;
}

static void report_store(struct word *w, uint64_t old, void *pc)
{
	const void *frames[KVMSIM_CHANGE_FRAMES];
	unsigned int n = host_backtrace_from(pc, (void **)frames, KVMSIM_CHANGE_FRAMES);

	w->judge->report(old, value_of(w), frames, n);
}

/* Return addresses are looked up one byte lower: pc, behind the store, is as good as one. */
static void on_step(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	void *pc = (void *)uc->uc_mcontext.gregs[REG_RIP];
	struct word *w = torn;
	uint64_t old = w ? w->value : 0;
	int saved = errno;

	if (!stepping && breakpoints.sa_sigaction) {
		breakpoints.sa_sigaction(sig, si, context);
		return;
	}
	torn = NULL;
	uc->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	host_lock(&lock);
	while (stepping) {
		unsigned long page = opened[--stepping];

		compare(page, pc);
		if (++steps < MAX_STEPS)
			mprotect((void *)page, PAGE, PROT_READ);
	}
	host_unlock(&lock);
	if (w)
		report_store(w, old, pc);
	errno = saved;
}

static bool is_watched(unsigned long page)
{
	unsigned int i;

	for (i = 0; i < nr_words; i++) {
		if ((words[i].addr & -PAGE) == page)
			return true;
	}
	return false;
}

bool host_watch_fault(int sig, const siginfo_t *si, ucontext_t *uc)
{
	unsigned long page = (unsigned long)si->si_addr & -PAGE, err = uc->uc_mcontext.gregs[REG_ERR];

	if (sig != SIGSEGV || si->si_code <= 0 || !(err & PF_WRITE) || !is_watched(page))
		return false;
	/* One instruction stores into two pages at most. Another thread's step may have closed one of them again. */
	if (!stepping || (stepping == 1 && opened[0] != page))
		opened[stepping++] = page;
	if (!torn)
		torn = wrong_store((unsigned long)si->si_addr, (const void *)uc->uc_mcontext.gregs[REG_RIP]);
	mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
	uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	return true;
}

#ifdef __SANITIZE_THREAD__
#define CAN_STEP false		/* it delays signals */
#else
#define CAN_STEP (!kshim_on_valgrind)
#endif

int host_watch(uint64_t addr, unsigned int bytes)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	struct word *w = &words[nr_words];

	if (!CAN_STEP)
		return -EOPNOTSUPP;
	if ((bytes != 4 && bytes != 8) || addr % bytes)
		return -EINVAL;
	if (nr_words == KVMSIM_MAX_WATCHED)
		return -ENOSPC;
	*w = (struct word){ .addr = addr, .bytes = bytes, .change = calloc(MAX_CHANGES, sizeof(*w->change)) };
	if (!w->change)
		return -ENOMEM;
	w->value = value_of(w);
	nr_words++;
	sigemptyset(&sa.sa_mask);
	if (nr_words == 1)
		sigaction(SIGTRAP, &sa, &breakpoints);
	return mprotect((void *)(addr & -PAGE), PAGE, PROT_READ) ? -errno : 0;
}

int host_watch_stores(const uint64_t *word, const struct host_store_judge *judge)
{
	int rc = host_watch((uintptr_t)word, sizeof(*word));

	if (!rc)
		words[nr_words - 1].judge = judge;
	return rc;
}

unsigned int host_watched(uint64_t addr, struct kvmsim_change *out, unsigned int max)
{
	unsigned int i, n = 0;

	host_lock(&lock);
	for (i = 0; i < nr_words; i++) {
		const struct word *w = &words[i];
		unsigned long first = w->changes > MAX_CHANGES ? w->changes - MAX_CHANGES : 0;

		if (w->addr != addr || steps >= MAX_STEPS)
			continue;
		if (w->changes - first > max)
			first = w->changes - max;
		for (; first < w->changes; first++)
			out[n++] = w->change[first % MAX_CHANGES];
		break;
	}
	host_unlock(&lock);
	return n;
}

void host_watch_next_call(void)
{
	call++;
}
