// SPDX-License-Identifier: GPL-2.0-only
/*
 * Storage keys; see skey.h. Each operation is atomic for one key. Only SSKE also orders other accesses: nobody
 * concludes from a key what is in storage.
 */
#include "skey.h"

#define OVERRIDE_KEY 9	/* storage with this key is open to every key under storage-protection override */

uint8_t skey_insert(const struct skeys *s, uint64_t block)
{
	return __atomic_load_n(&s->key[block], __ATOMIC_RELAXED);
}

int skey_set(struct skeys *s, uint64_t block, uint8_t key, bool mr, bool mc, uint8_t *old)
{
	uint8_t compared = SKEY_ACC | SKEY_F | (mr ? 0 : SKEY_R) | (mc ? 0 : SKEY_C);
	uint8_t was = skey_insert(s, block);

	key &= SKEY_BITS;
	/* SSKE serializes; pairs with the serializing instructions of other CPUs (dat.c, insn.c). */
	do {
		if (old)
			*old = was;
		if ((mr || mc) && !((was ^ key) & compared))
			return 0;
	} while (!__atomic_compare_exchange_n(&s->key[block], &was, key, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return mr || mc;
}

int skey_reset_reference(struct skeys *s, uint64_t block)
{
	uint8_t was = __atomic_fetch_and(&s->key[block], (uint8_t)~SKEY_R, __ATOMIC_RELAXED);

	return (was & SKEY_R ? 2 : 0) + (was & SKEY_C ? 1 : 0);
}

bool skey_allows(unsigned int access_key, uint8_t key, bool store, struct skey_overrides o)
{
	unsigned int acc = key >> 4;

	if (access_key == 0 || access_key == acc)
		return true;
	if (o.storage && acc == OVERRIDE_KEY)
		return true;
	return !store && (!(key & SKEY_F) || o.fetch);
}

void skey_mark(struct skeys *s, uint64_t block, bool store)
{
	uint8_t bits = SKEY_R | (store ? SKEY_C : 0);

	if ((skey_insert(s, block) & bits) != bits)
		__atomic_fetch_or(&s->key[block], bits, __ATOMIC_RELAXED);
}

const char *skeys_validate(const struct skeys *s)
{
	uint64_t i;

	for (i = 0; i < s->blocks; i++) {
		if (skey_insert(s, i) & ~SKEY_BITS)
			return "a storage key with bit 7 set";
	}
	return NULL;
}
