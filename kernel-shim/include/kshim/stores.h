/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of simulated memory in which the modelled processor may set bits at any time: stores to them are judged. */
#ifndef KSHIM_STORES_H
#define KSHIM_STORES_H

#include <kshim/types.h>

struct host_store_judge {
	bool (*may_change)(const uint64_t *word);	/* whether the processor may set bits in it now */
	/* A store that is not one locked instruction has changed the word meanwhile; the n return addresses are its. */
	void (*report)(uint64_t old, uint64_t new, const void *const *frames, unsigned int n);
};

/*
 * Judges each store to the word from now on. The judge, which must stay, is called in a signal handler. Stores into the
 * word's page become slow. Errors are those of host_watch().
 */
int host_watch_stores(const uint64_t *word, const struct host_store_judge *judge);

#endif
