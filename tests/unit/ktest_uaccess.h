/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_uaccess.c (host) asks of tests/unit/ktest_uaccess.c (kernel): plain numbers only. */
#ifndef KTEST_UACCESS_H
#define KTEST_UACCESS_H

#include <kshim/types.h>

enum ktest_user_op { KTEST_LOAD, KTEST_STORE, KTEST_STORE_IMMEDIATE, KTEST_XCHG, KTEST_XADD, KTEST_CMPXCHG };
#define KTEST_IMMEDIATE 0x21

/*
 * An instruction of this size on user memory in inline assembly, as the current process. *value is the operand and
 * becomes what the register has afterwards; *old is what KTEST_CMPXCHG compares with, and then the accumulator, and
 * the result is its ZF. 0, 1 or -EFAULT.
 */
int ktest_user_insn(enum ktest_user_op op, unsigned int size, uint64_t addr, uint64_t *value, uint64_t *old);
/* A load of 4 bytes at addr by each form of operand; how many of them read `value`. */
int ktest_user_operands(uint64_t addr, uint32_t value);
#define KTEST_NR_OPERANDS 7
int ktest_user_insn_unknown(uint64_t addr);	/* one that is refused */
int ktest_user_insns_unknown(void);		/* how many there are, that one included */
/* Division by the entry's three ways on; quotient, or what the fixup left: -1, -2, the vector. */
long ktest_divide(int way, long a, long b);

#endif
