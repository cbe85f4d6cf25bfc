// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers that are the same in every run: SipHash of a counter under a constant key.
 *
 * The sequence continues from the boot in every scenario's process. Threads get numbers in the order in which they ask.
 */
#include <linux/atomic.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <kshim/marks.h>

static const siphash_key_t key = { { 0x6b766d73696d2e31ULL, 0x72616e646f6d2e31ULL } };
static atomic64_t counter;

static u64 next(void)
{
	return siphash_1u64(atomic64_inc_return(&counter), &key);
}

REDUCED(get_random_bytes, "drivers/char/random.c drivers/char/random.c:_get_random_bytes", "deterministic");
void get_random_bytes(void *buf, size_t len)
{
	u64 v;

	while (len) {
		size_t n = min(len, sizeof(v));

		v = next();
		memcpy(buf, &v, n);
		buf += n;
		len -= n;
	}
}

REDUCED(get_random_u8, "drivers/char/random.c:DEFINE_BATCHED_ENTROPY", "deterministic");
u8 get_random_u8(void)
{
	return next();
}

REDUCED(get_random_u16, "drivers/char/random.c:DEFINE_BATCHED_ENTROPY", "deterministic");
u16 get_random_u16(void)
{
	return next();
}

REDUCED(get_random_u32, "drivers/char/random.c:DEFINE_BATCHED_ENTROPY", "deterministic");
u32 get_random_u32(void)
{
	return next();
}

REDUCED(get_random_u64, "drivers/char/random.c:DEFINE_BATCHED_ENTROPY", "deterministic");
u64 get_random_u64(void)
{
	return next();
}

/* [0, ceil), uniform by rejection as in drivers/char/random.c; ceil 0 means 2^32. */
REDUCED(__get_random_u32_below, "drivers/char/random.c", "deterministic");
u32 __get_random_u32_below(u32 ceil)
{
	u32 bound = -ceil % (ceil ?: 1);
	u64 mult;

	if (!ceil)
		return next();
	do {
		mult = (u64)ceil * (u32)next();
	} while ((u32)mult < bound);
	return mult >> 32;
}

FAITHFUL(execute_with_initialized_rng, "drivers/char/random.c");
int execute_with_initialized_rng(struct notifier_block *nb)
{
	nb->notifier_call(nb, 0, NULL);
	return 0;
}
