/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storage keys: seven bits for each 4 KiB block of absolute storage. Principles of Operation, chapter 3, "Storage Key"
 * and "Protection"; chapter 10 for the instructions.
 *
 * Invariant (skeys_validate): bit 7 of every key is zero. The caller owns the keys. All operations are atomic, so
 * several CPUs can use one array. Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_S390X_SKEY_H
#define MODEL_S390X_SKEY_H

#include <kshim/types.h>

#define SKEY_ACC 0xf0	/* access-control bits */
#define SKEY_F 0x08	/* fetch protection */
#define SKEY_R 0x04	/* reference */
#define SKEY_C 0x02	/* change */
#define SKEY_BITS (SKEY_ACC | SKEY_F | SKEY_R | SKEY_C)

struct skeys {
	uint8_t *key;		/* one byte per block */
	uint64_t blocks;
};

/* INSERT STORAGE KEY EXTENDED; block < blocks, here and below. */
uint8_t skey_insert(const struct skeys *s, uint64_t block);

/*
 * SET STORAGE KEY EXTENDED. mr, mc: the conditional forms (reference or change need not be set). Returns the condition
 * code: 0 if the key was right already (always 0 without mr and mc), 1 if it was set. *old, if not NULL: the key
 * before.
 */
int skey_set(struct skeys *s, uint64_t block, uint8_t key, bool mr, bool mc, uint8_t *old);

/* RESET REFERENCE BIT EXTENDED. Returns the condition code, 2 * R + C as they were. */
int skey_reset_reference(struct skeys *s, uint64_t block);

/* What control register 0 and the address say about key-controlled protection. */
struct skey_overrides {
	bool fetch;		/* fetch-protection override: CR0 bit 38, and the address is below 2048 */
	bool storage;		/* storage-protection override: CR0 bit 39 */
};

/* Key-controlled protection: may an access with this key (0 to 15) fetch or store, given the storage key? */
bool skey_allows(unsigned int access_key, uint8_t key, bool store, struct skey_overrides o);

/* Records an access: sets R, and C for a store. */
void skey_mark(struct skeys *s, uint64_t block, bool store);

/* Returns NULL, or what is wrong. */
const char *skeys_validate(const struct skeys *s);

#endif
