/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/bug.h: BUG() and WARN() as calls instead of trapping instructions. WARN() and its relatives come from
 * asm-generic/bug.h and end in warn_slowpath_fmt(file, line, taint, fmt, ...), with fmt NULL for WARN_ON().
 */
#ifndef _ASM_BUG_H
#define _ASM_BUG_H

#ifndef __ASSEMBLY__

#include <linux/compiler.h>

/* Ends the scenario; core/lib/bug.c. */
void __noreturn __cold kshim_bug(const char *file, int line);

#define HAVE_ARCH_BUG
#define BUG() kshim_bug(__FILE__, __LINE__)

#endif

#include <asm-generic/bug.h>

#endif
