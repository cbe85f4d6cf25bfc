/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_swap.c (host) asks of tests/unit/ktest_swap.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_SWAP_H
#define KTEST_SWAP_H

#include <kshim/types.h>

/* Reads one page of the swap device from slot on. Returns the bytes, or -errno. */
int ktest_swap_read(uint64_t slot, void **page);
/* How many slots belong to somebody; a read of another one is counted as stale. */
int ktest_swap_slots(void);
uint64_t ktest_swap_writes(void);
uint64_t ktest_swap_reads(void);
uint64_t ktest_swap_stale_reads(void);
/* Frees what only the swap cache needs, and the slots that CPUs keep. */
void ktest_swap_reap(void);

#endif
