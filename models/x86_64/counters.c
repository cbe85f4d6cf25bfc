// SPDX-License-Identifier: GPL-2.0-only
/* The model's counters under the names that scenarios and benches print. */
#include <linux/kernel.h>
#include "model.h"
#include <kshim/arch.h>
#include <kshim/task.h>

struct model_counters model_counters;

static const struct {
	const char *name;
	u64 *value;
} table[] = {
	{ "guest_accesses", &model_counters.guest_accesses },
	{ "guest_tlb_hits", &model_counters.guest_tlb_hits },
	{ "guest_tlb_misses", &model_counters.guest_tlb_misses },
	{ "guest_tlb_evictions", &model_counters.guest_tlb_evictions },
	{ "guest_walk_entries", &model_counters.guest_walk_entries },
	{ "guest_faults", &model_counters.guest_faults },
	{ "guest_exceptions", &model_counters.guest_exceptions },
	{ "guest_tlb_flush_all", &model_counters.flush_all },
	{ "guest_tlb_flush_current", &model_counters.flush_current },
	{ "guest_tlb_flush_gva", &model_counters.flush_gva },
	{ "guest_tlb_flush_guest", &model_counters.flush_guest },
	{ "guest_tlb_flushed_entries", &model_counters.flushed_entries },
};

void kshim_arch_register_counters(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		kshim_counter_register(table[i].name, (uint64_t *)table[i].value);
}
