/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel half of the tests of programs in this process: kernel code uses pointers to both kinds of memory. */
#ifndef KTEST_WINDOW_H
#define KTEST_WINDOW_H

#include <kshim/types.h>

/* These act as process pid. copy_{from,to}_user(): bytes that were not copied. */
unsigned long ktest_copy_from(int pid, void *to, const void *from, unsigned long n);
unsigned long ktest_copy_to(int pid, void *to, const void *from, unsigned long n);
unsigned long ktest_clear(int pid, void *to, unsigned long n);
/* unsafe_try_cmpxchg_user() of 4 bytes: 1 swapped, 0 not, -EFAULT. */
int ktest_swap(int pid, uint32_t *p, uint32_t *old, uint32_t value);
/* A vmalloc area, and that vmalloc_to_page() of a page in it is the same memory. */
bool ktest_vmalloc_is_ram(unsigned long bytes);

#endif
