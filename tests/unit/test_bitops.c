// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of the bit operations of kernel-shim/include/common/asm/bitops.h: each of them reaches the same bit as the
 * processor's instruction, however far it is from the start.
 *
 * Linked with the test flavour; the kernel half is tests/unit/ktest_bitops.c. No machine is booted.
 */
#include <check.h>
#include <stdint.h>
#include "ktest_bitops.h"
#include "suite.h"

/* Numbers of bit 3 of a word: near, beyond 32 bits (where a cut number would miss by 512 MiB), below the start. */
static const int64_t numbers[] = {
	3, 64 + 3, (1L << 31) + 3, (1L << 32) + 3, (1L << 39) + 3, (1L << 50) + 3, -64 + 3, -(1L << 33) + 3,
};

START_TEST(each_bit_is_reached)
{
	static unsigned long words[3], expected;
	const int op = _i;

	for (unsigned int n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
		for (unsigned long start = 0; start <= 8; start += 8) {	/* the bit clear, and set */
			int result, wanted;

			words[0] = words[2] = 0;
			words[1] = expected = 0xf0 | start;
			wanted = ktest_bitop_expected(op, &expected, 3);
			result = ktest_bitop(op, &words[1], 3, numbers[n]);
			ck_assert_msg(result == wanted && words[1] == expected && !words[0] && !words[2],
				      "%s, bit number %ld: result %d, word %#lx instead of %d, %#lx",
				      ktest_bitop_name(op), (long)numbers[n], result, words[1], wanted, expected);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bitops");
	TCase *c = tcase_create("bitops");

	tcase_add_loop_test(c, each_bit_is_reached, 0, KTEST_NR_BITOPS);
	suite_add_tcase(s, c);
	return run_suite(s);
}
