/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the host TUs that make reports or handle signals. */
#ifndef KSHIM_HOST_REPORT_H
#define KSHIM_HOST_REPORT_H

#include <stdbool.h>
#include <ucontext.h>

#include <kshim/symbolize.h>

/* Notes a range at a fixed address, for host_is_fixed(). */
void host_add_fixed(unsigned long addr, unsigned long bytes);

/* exception.c: returns whether kernel code expects the exception at uc. Then uc is where to continue. */
bool host_exception(ucontext_t *uc);
/* Makes uc continue at entry, as if the instruction at uc had called it. The return address is one byte after that. */
void host_divert(ucontext_t *uc, void (*entry)(void));

#endif
