/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of simulated memory in which the modelled processor may set bits at any time: stores to them are judged. */
#ifndef KSHIM_STORES_H
#define KSHIM_STORES_H

#include <kshim/types.h>

/*
 * From now on the check "atomic-stores" reports each store to the word that is not one locked instruction while
 * may_change(word). may_change runs in a signal handler. Stores into the word's page become slow. Errors are those of
 * host_watch().
 */
int host_watch_stores(const uint64_t *word, bool (*may_change)(const uint64_t *word));

#endif
