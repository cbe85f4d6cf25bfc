/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last steps and kernel events of a scenario: a ring that its threads write without a lock.
 *
 * It is in shared memory and outlives the scenario's process; it is read when that has ended. Kernel events are kept as
 * they were recorded and become text only then. Writing takes no lock and orders nothing, so it neither hides races
 * from ThreadSanitizer nor disturbs any.
 *
 * Invariant (ring_validate): the slot of record n is either empty, or being written (number 0), or holds a whole
 * record. Its number, counted from 1 and never reset, belongs to that slot and is at most next.
 */
#ifndef SIM_RING_H
#define SIM_RING_H

#include <kshim/machine.h>
#include <stdatomic.h>
#include <stddef.h>

#define SIM_RING_SLOTS 256
#define SIM_RING_BYTES 240	/* of one record; a longer text is cut */

enum sim_ring_kind { SIM_RING_TEXT, SIM_RING_EVENT };

struct sim_ring_slot {
	_Atomic uint64_t number;	/* of its record, from 1; 0: empty or being written */
	_Atomic uint32_t kind, bytes;
	_Atomic uint64_t data[SIM_RING_BYTES / 8];
};

struct sim_ring {
	_Atomic uint64_t next;	/* records ever begun */
	uint64_t first;		/* value of next when the present scenario began */
	struct sim_ring_slot slot[SIM_RING_SLOTS];
};

/* Forgets all records. Only while nobody writes. */
void ring_reset(struct sim_ring *r);
/* Adds a record; more than SIM_RING_BYTES are cut. Any thread and process may call it. */
void ring_add(struct sim_ring *r, enum sim_ring_kind kind, const void *data, size_t bytes);
/* Returns how many records there were since the last reset. */
uint64_t ring_count(const struct sim_ring *r);
/*
 * Calls fn with each of the last max records, oldest first. Leaves out records that their process did not complete.
 * Only while nobody writes. data is aligned to 8 bytes.
 */
void ring_last(const struct sim_ring *r, unsigned int max,
	       void (*fn)(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes), void *arg);
/* Returns 0, or -1 if the invariant does not hold. Only while nobody writes. */
int ring_validate(const struct sim_ring *r);

#endif
