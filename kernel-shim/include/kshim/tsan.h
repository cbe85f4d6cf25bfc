/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before each kernel TU that ThreadSanitizer checks: translates what the kernel tells KCSAN about its data
 * races for ThreadSanitizer.
 */
#ifndef KSHIM_TSAN_H
#define KSHIM_TSAN_H

#include <linux/kcsan-checks.h>

/* For data_race(); nothing else calls these. */
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
#define kcsan_disable_current()		__tsan_ignore_thread_begin()
#define kcsan_enable_current_nowarn()	__tsan_ignore_thread_end()

/*
 * With this option each test of a page flag reads, unmarked, a word of struct page that others write (PageTail() reads
 * lru.next). These reads are so many that ThreadSanitizer forgets where they were, and no suppression can name them.
 */
#undef CONFIG_DEBUG_VM_PGFLAGS

#endif
