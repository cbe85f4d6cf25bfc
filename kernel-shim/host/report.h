/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the host TUs that make reports or handle signals. */
#ifndef KSHIM_HOST_REPORT_H
#define KSHIM_HOST_REPORT_H

#include <stdbool.h>
#include <ucontext.h>

/* Lies addr in a range that host_map() placed at a fixed address? */
bool host_is_fixed(unsigned long addr);

/*
 * Cuts the directory of the kernel tree or of this project off a source path: ".../mm/memory.c" becomes
 * "mm/memory.c". The result points into path. A path of neither comes back whole.
 */
const char *host_short_path(const char *path);

/* exception.c: did the exception at uc belong to kernel code that expects it? uc is where to go on then. */
bool host_exception(ucontext_t *uc);
/* Makes uc go on at entry, as if the instruction at uc had called it; the return address is one byte behind that. */
void host_divert(ucontext_t *uc, void (*entry)(void));

#endif
