/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_bitops.c (host) asks of tests/unit/ktest_bitops.c (kernel): plain numbers only. */
#ifndef KTEST_BITOPS_H
#define KTEST_BITOPS_H

#define KTEST_NR_BITOPS 17

/*
 * Applies operation number op to bit nr, counted from where bit nr is bit `bit` of *word. Returns what a test operation
 * found, else 0.
 */
int ktest_bitop(int op, unsigned long *word, unsigned int bit, long nr);
const char *ktest_bitop_name(int op);
/* What *word and the result must be afterwards. */
int ktest_bitop_expected(int op, unsigned long *word, unsigned int bit);

#endif
