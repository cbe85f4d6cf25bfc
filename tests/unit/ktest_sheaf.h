/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_sheaf.c (host) asks of tests/unit/ktest_sheaf.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_SHEAF_H
#define KTEST_SHEAF_H

#include <kshim/types.h>

/* Caches are those of ktest_memory.h. */
void *ktest_sheaf_prefill(void *cache, unsigned int size);
int ktest_sheaf_refill(void *cache, void **sheaf, unsigned int size);
void ktest_sheaf_return(void *cache, void *sheaf);
void *ktest_sheaf_alloc(void *cache, void *sheaf, int zero);
unsigned int ktest_sheaf_size(void *sheaf);

#endif
