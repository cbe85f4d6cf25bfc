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
	{ "guest_faults", &model_counters.guest_faults },
	{ "guest_exceptions", &model_counters.guest_exceptions },
	{ "sie_entries", &model_counters.sie_entries },
	{ "tlb_evictions", &model_counters.tlb_evictions },
	{ "ipte_global", &model_counters.ipte_global },
	{ "ipte_local", &model_counters.ipte_local },
	{ "idte_entry", &model_counters.idte_entry },
	{ "idte_entry_local", &model_counters.idte_entry_local },
	{ "idte_asce", &model_counters.idte_asce },
	{ "csp", &model_counters.csp },
	{ "ptlb", &model_counters.ptlb },
	{ "rdp", &model_counters.rdp },
	{ "rdp_local", &model_counters.rdp_local },
	{ "flush_guest_asce", &model_counters.flush_guest_asce },
	{ "flush_nodat", &model_counters.flush_nodat },
	{ "tlb_purged_entries", &model_counters.purged_entries },
};

void kshim_arch_register_counters(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		kshim_counter_register(table[i].name, (uint64_t *)table[i].value);
}
