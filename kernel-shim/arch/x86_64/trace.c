// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's KVM and MMU trace events of x86 as text, and counters made from them. */
#include <linux/kvm_host.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include "x86.h"
#include "lapic.h"
#include "ioapic.h"
#include "irq.h"
#include <trace/events/kvm.h>
#include "trace.h"
#include "mmu/mmutrace.h"
#include <kshim/form/x86_regs_header.h>
#include <kshim/task.h>
#include "internal.h"
#include "../../core/lib/trace_events.h"

#include <trace/events/kvm.h>
#include "trace.h"
#include "mmu/mmutrace.h"

/* For benches: changed entries of KVM's tables, counted by the events that report each change. */
static uint64_t tdp_spte_changes, spte_sets;

static void count_tdp_spte(void *unused, int as_id, gfn_t gfn, int level, u64 old_spte, u64 new_spte)
{
	__atomic_fetch_add(&tdp_spte_changes, 1, __ATOMIC_RELAXED);
}

static void count_spte(void *unused, int level, gfn_t gfn, u64 *sptep)
{
	__atomic_fetch_add(&spte_sets, 1, __ATOMIC_RELAXED);
}

void kshim_trace_register_counters(void)
{
	kshim_counter_register("tdp_spte_changes", &tdp_spte_changes);
	kshim_counter_register("spte_sets", &spte_sets);
}

int kshim_trace_count(void)
{
	int ret = register_trace_kvm_tdp_mmu_spte_changed(count_tdp_spte, NULL);

	return ret ?: register_trace_kvm_mmu_set_spte(count_spte, NULL);
}
