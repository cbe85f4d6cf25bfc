/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of small numbers as bits, for models that unit tests use without the kernel. */
#ifndef MODEL_COMMON_BITS_H
#define MODEL_COMMON_BITS_H

#include <kshim/types.h>

static inline bool model_bit(const uint64_t *set, unsigned int i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static inline void model_set_bit(uint64_t *set, unsigned int i)
{
	set[i / 64] |= 1ULL << (i % 64);
}

static inline void model_clear_bit(uint64_t *set, unsigned int i)
{
	set[i / 64] &= ~(1ULL << (i % 64));
}

/* Returns the first member >= i, or n. n: the number of bits in set, a multiple of 64. */
static inline unsigned int model_next_bit(const uint64_t *set, unsigned int n, unsigned int i)
{
	for (; i < n; i = (i | 63) + 1) {
		uint64_t word = set[i / 64] >> (i % 64);

		if (word)
			return i + __builtin_ctzll(word);
	}
	return n;
}

/* For heads of hash chains, most of which are empty: tests four of them at once. */
static inline bool model_all_zero4(const uint16_t *four)
{
	uint64_t word;

	__builtin_memcpy(&word, four, sizeof(word));
	return !word;
}

#define model_for_each_bit(set, n, i) \
	for ((i) = model_next_bit(set, n, 0); (i) < (n); (i) = model_next_bit(set, n, (i) + 1))

#endif
