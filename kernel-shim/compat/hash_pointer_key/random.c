// SPDX-License-Identifier: GPL-2.0-only
/* What makes the key for pointers in messages asked whether there are random numbers (drivers/char/random.c). */
#include <linux/random.h>
#include <kshim/marks.h>

FAITHFUL(rng_is_initialized);
bool rng_is_initialized(void)
{
	return true;
}
