/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the host TUs that make reports or handle signals. */
#ifndef KSHIM_HOST_REPORT_H
#define KSHIM_HOST_REPORT_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include <kshim/symbolize.h>

/* Notes a range at a fixed address, for host_is_fixed(). */
void host_add_fixed(unsigned long addr, unsigned long bytes);

/* Collects the frames from return address pc on, or all of them if pc is not in the back trace. Returns how many. */
unsigned int host_backtrace_from(void *pc, void **frames, unsigned int max);

/* watch.c: returns whether the fault is a store into a page with a watched word, which now continues. */
bool host_watch_fault(int sig, const siginfo_t *si, ucontext_t *uc);

/* exception.c: returns whether kernel code expects the exception at uc. Then uc is where to continue. */
bool host_exception(ucontext_t *uc);
/* Makes uc continue at entry, as if the instruction at uc had called it. The return address is one byte after that. */
void host_divert(ucontext_t *uc, void (*entry)(void));

#endif
