/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of each kernel TU that ThreadSanitizer checks: what the kernel says to KCSAN about its data races is said to
 * ThreadSanitizer.
 */
#ifndef KSHIM_TSAN_H
#define KSHIM_TSAN_H

#include <linux/kcsan-checks.h>

/* data_race(): neither of these is called elsewhere. */
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
#define kcsan_disable_current()		__tsan_ignore_thread_begin()
#define kcsan_enable_current_nowarn()	__tsan_ignore_thread_end()

/*
 * With it each test of a page flag reads a word of struct page that others write (PageTail(), of lru.next), without a
 * mark. So many of these reads happen that ThreadSanitizer forgets where, and a suppression cannot name them.
 */
#undef CONFIG_DEBUG_VM_PGFLAGS

#endif
