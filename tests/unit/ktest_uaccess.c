// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of user accesses in inline assembly, and of the exception table: see test_uaccess.c. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <asm/asm.h>
#include "ktest_uaccess.h"
#include "../../kernel-shim/arch/x86_64/internal.h"

/* One instruction with an entry of the exception table; err becomes 0 behind it, before flags are looked at. */
#define USER(text, at, type)								\
	asm volatile("1: " text "\n\t"							\
		     "setz %b[zero]\n\t"						\
		     "movl $0, %[err]\n"						\
		     "2:\n"								\
		     _ASM_EXTABLE_UA(1b, 2b)						\
		     : [v] "+q" (*value), [a] "+a" (*old), [zero] "+q" (zero), [err] "+r" (err), \
		       [m] "+m" (*(type *)(at))						\
		     : [imm] "i" (KTEST_IMMEDIATE)					\
		     : "memory", "cc")

#define BY_OP(s, r, type)								\
	do {										\
		switch (op) {								\
		case KTEST_LOAD:	\
			USER("mov" s " %[m], %" r "[v]", addr, type);	\
			break;	\
		case KTEST_STORE:	\
			USER("mov" s " %" r "[v], %[m]", addr, type);	\
			break;	\
		case KTEST_STORE_IMMEDIATE:	\
			USER("mov" s " %[imm], %[m]", addr, type);	\
			break;	\
		case KTEST_XCHG:	\
			USER("xchg" s " %" r "[v], %[m]", addr, type);	\
			break;	\
		case KTEST_XADD:	\
			USER("lock xadd" s " %" r "[v], %[m]", addr, type);	\
			break;	\
		case KTEST_CMPXCHG:	\
			USER("lock cmpxchg" s " %" r "[v], %[m]", addr, type);	\
			break;	\
		}									\
	} while (0)

int ktest_user_insn(enum ktest_user_op op, unsigned int size, uint64_t addr, uint64_t *value, uint64_t *old)
{
	unsigned long zero = 0;
	int err = -EFAULT;

	switch (size) {
	case 1:
		BY_OP("b", "b", u8);
		break;
	case 2:
		BY_OP("w", "w", u16);
		break;
	case 4:
		BY_OP("l", "k", u32);
		break;
	default:
		BY_OP("q", "q", u64);
		break;
	}
	if (err)
		return err;
	return op == KTEST_CMPXCHG ? (u8)zero : 0;
}

/* The operand in AT&T's form, of the registers b and i. */
#define OPERAND(text, bv, iv)								\
	({										\
		unsigned long b = (bv), i = (iv);					\
		register unsigned long b12 asm("r12") = (bv), i13 asm("r13") = (iv);	\
		u32 got = 0;								\
											\
		asm volatile("1: movl " text ", %[got]\n"				\
			     "2:\n"							\
			     _ASM_EXTABLE_UA(1b, 2b)					\
			     : [got] "=&r" (got)					\
			     : [b] "r" (b), [i] "r" (i), "r" (b12), "r" (i13));		\
		got == value;								\
	})

int ktest_user_operands(uint64_t addr, uint32_t value)
{
	return OPERAND("(%[b])", addr, 0) +
	       OPERAND("-8(%[b])", addr + 8, 0) +
	       OPERAND("0x1000(%[b])", addr - 0x1000, 0) +
	       OPERAND("4(%[b],%[i],8)", addr - 4 - 40, 5) +
	       OPERAND("0x10(,%[i],4)", 0, (addr - 0x10) / 4) +
	       OPERAND("(%%r12)", addr, 0) +
	       OPERAND("(%%r12,%%r13,2)", addr - 6, 3);
}

int ktest_user_insn_unknown(uint64_t addr)
{
	int err = -EFAULT;

	asm volatile("1: incl %[m]\n\t"
		     "movl $0, %[err]\n"
		     "2:\n"
		     _ASM_EXTABLE_UA(1b, 2b)
		     : [m] "+m" (*(u32 *)addr), [err] "+r" (err) : : "memory", "cc");
	return err;
}

int ktest_user_insns_unknown(void)
{
	return kshim_user_insns_unknown();
}

#define DIVIDE(entry)									\
	asm volatile("1: idivq %[b]\n"							\
		     "2:\n"								\
		     entry								\
		     : "+a" (a), "=&d" (high), [left] "+r" (left)			\
		     : [b] "r" (b), "1" (a >> 63)					\
		     : "cc")

long ktest_divide(int way, long a, long b)
{
	long high, left = -1;

	switch (way) {
	case 0:
		DIVIDE(_ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_IMM_REG | EX_DATA_IMM(-2), %[left]));
		return left == -2 ? left : a;
	case 1:
		DIVIDE(_ASM_EXTABLE_TYPE(1b, 2b, EX_TYPE_DEFAULT | EX_FLAG_CLEAR_AX));
		return a ?: -1;
	default:
		DIVIDE(_ASM_EXTABLE_FAULT(1b, 2b));
		return a;
	}
}
