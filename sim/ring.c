// SPDX-License-Identifier: GPL-2.0-only
/* The ring of ring.h. All accesses are relaxed atomics: readers come after the writers have ended. */
#include "ring.h"

#include <string.h>

_Static_assert(sizeof(struct kvmsim_trace_event) <= SIM_RING_BYTES, "a kernel event fits into a record");
_Static_assert(sizeof(struct sim_ring_slot) == 256, "slots share no cache line");

#define load(p) atomic_load_explicit(p, memory_order_relaxed)
#define store(p, v) atomic_store_explicit(p, v, memory_order_relaxed)

void ring_reset(struct sim_ring *r)
{
	r->first = load(&r->next);
}

uint64_t ring_count(const struct sim_ring *r)
{
	return load(&r->next) - r->first;
}

void ring_add(struct sim_ring *r, enum sim_ring_kind kind, const void *data, size_t bytes)
{
	uint64_t number = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed) + 1, word;
	struct sim_ring_slot *s = &r->slot[number % SIM_RING_SLOTS];
	size_t n = bytes < SIM_RING_BYTES ? bytes : SIM_RING_BYTES;

	store(&s->number, 0);
	store(&s->kind, kind);
	store(&s->bytes, (uint32_t)n);
	for (size_t i = 0; i < n / 8; i++) {
		memcpy(&word, (const char *)data + 8 * i, 8);
		store(&s->data[i], word);
	}
	if (n % 8) {
		word = 0;
		memcpy(&word, (const char *)data + n / 8 * 8, n % 8);
		store(&s->data[n / 8], word);
	}
	store(&s->number, number);
}

void ring_last(const struct sim_ring *r, unsigned int max,
	       void (*fn)(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes), void *arg)
{
	uint64_t end = load(&r->next), n = end - r->first;

	if (n > max)
		n = max;
	if (n > SIM_RING_SLOTS)
		n = SIM_RING_SLOTS;
	for (uint64_t number = end - n + 1; number <= end; number++) {
		const struct sim_ring_slot *s = &r->slot[number % SIM_RING_SLOTS];
		uint64_t data[SIM_RING_BYTES / 8];

		if (load(&s->number) != number)
			continue;
		for (size_t i = 0; i < SIM_RING_BYTES / 8; i++)
			data[i] = load(&s->data[i]);
		fn(arg, load(&s->kind), data, load(&s->bytes));
	}
}

int ring_validate(const struct sim_ring *r)
{
	uint64_t end = load(&r->next);

	if (r->first > end)
		return -1;
	for (size_t i = 0; i < SIM_RING_SLOTS; i++) {
		uint64_t number = load(&r->slot[i].number);

		if (!number)
			continue;
		if (number > end || number % SIM_RING_SLOTS != i || load(&r->slot[i].bytes) > SIM_RING_BYTES)
			return -1;
	}
	return 0;
}
