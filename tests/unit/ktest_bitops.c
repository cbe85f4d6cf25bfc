// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of bit operations: see tests/unit/test_bitops.c. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include "ktest_bitops.h"

enum effect { SET, CLEAR, CHANGE, LOOK };

/* These set, clear, change or keep the bit; those with `tests` return what it was. */
static const struct {
	const char *name;
	enum effect effect;
	bool tests;
} ops[KTEST_NR_BITOPS] = {
	{ "set_bit", SET }, { "clear_bit", CLEAR }, { "change_bit", CHANGE },
	{ "test_and_set_bit", SET, true }, { "test_and_clear_bit", CLEAR, true },
	{ "test_and_change_bit", CHANGE, true },
	{ "__set_bit", SET }, { "__clear_bit", CLEAR }, { "__change_bit", CHANGE },
	{ "__test_and_set_bit", SET, true }, { "__test_and_clear_bit", CLEAR, true },
	{ "__test_and_change_bit", CHANGE, true },
	{ "test_and_set_bit_lock", SET, true }, { "clear_bit_unlock", CLEAR }, { "__clear_bit_unlock", CLEAR },
	{ "test_bit", LOOK, true }, { "test_bit_acquire", LOOK, true },
};

const char *ktest_bitop_name(int op)
{
	return ops[op].name;
}

int ktest_bitop(int op, unsigned long *word, unsigned int bit, long nr)
{
	unsigned long *p = (void *)word - ((nr - bit) >> 3);

	switch (op) {
	case 0:
		set_bit(nr, p);
		return 0;
	case 1:
		clear_bit(nr, p);
		return 0;
	case 2:
		change_bit(nr, p);
		return 0;
	case 3:
		return test_and_set_bit(nr, p);
	case 4:
		return test_and_clear_bit(nr, p);
	case 5:
		return test_and_change_bit(nr, p);
	case 6:
		__set_bit(nr, p);
		return 0;
	case 7:
		__clear_bit(nr, p);
		return 0;
	case 8:
		__change_bit(nr, p);
		return 0;
	case 9:
		return __test_and_set_bit(nr, p);
	case 10:
		return __test_and_clear_bit(nr, p);
	case 11:
		return __test_and_change_bit(nr, p);
	case 12:
		return test_and_set_bit_lock(nr, p);
	case 13:
		clear_bit_unlock(nr, p);
		return 0;
	case 14:
		__clear_bit_unlock(nr, p);
		return 0;
	case 15:
		return test_bit(nr, p);
	default:
		return test_bit_acquire(nr, p);
	}
}

int ktest_bitop_expected(int op, unsigned long *word, unsigned int bit)
{
	unsigned long mask = 1UL << bit;
	int was = !!(*word & mask);

	if (ops[op].effect == SET)
		*word |= mask;
	else if (ops[op].effect == CLEAR)
		*word &= ~mask;
	else if (ops[op].effect == CHANGE)
		*word ^= mask;
	return ops[op].tests ? was : 0;
}
