// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's TLBs as mm code sees them (models/x86_64/host_tlb.h): accesses to user addresses fill the calling CPU's,
 * and only the flushes that mm code requests remove entries. A flush also waits until every other CPU has left its
 * section with interrupts off; GUP-fast and the model's own walks rely on that (arch/x86/mm/tlb.c; mm/gup.c, "fast
 * GUP").
 *
 * What a program in this process reaches (kshim/host.h: the window) is flushed with them, for all CPUs at once.
 *
 * Entries are tagged by mm->context.ctx_id, which is never reused. kernel-shim/checkers/x86_64/host_tlb.c checks them.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include <x86_64/host_tlb.h>
#include "internal.h"

DEFINE_PER_CPU(struct x86_host_tlb, kshim_host_tlb);

static struct {
	u64 hits, misses, flushes, flushed_entries;
} counters;

static struct x86_host_tlb *this_tlb(void)
{
	return raw_cpu_ptr(&kshim_host_tlb);
}

void *kshim_host_tlb_lookup(struct mm_struct *mm, unsigned long addr, bool write)
{
	const struct x86_host_tlb_entry *e = x86_host_tlb_lookup(this_tlb(), mm->context.ctx_id, addr);

	if (e && (!write || e->write)) {
		__atomic_fetch_add(&counters.hits, 1, __ATOMIC_RELAXED);
		return __va(PFN_PHYS(e->pfn)) + offset_in_page(addr);
	}
	__atomic_fetch_add(&counters.misses, 1, __ATOMIC_RELAXED);
	return NULL;
}

void kshim_host_tlb_fill(struct mm_struct *mm, unsigned long addr, unsigned long size, unsigned long pfn, bool write)
{
	/* Like switch_mm(); arch_tlbbatch_should_defer() looks for other CPUs in the mask. */
	if (!cpumask_test_cpu(raw_smp_processor_id(), mm_cpumask(mm)))
		cpumask_set_cpu(raw_smp_processor_id(), mm_cpumask(mm));
	x86_host_tlb_fill(this_tlb(), mm->context.ctx_id, addr, size, pfn, write);
}

/* A page fault also drops the TLB entry of its address (SDM 4.10.4.1). */
void kshim_host_tlb_drop(struct mm_struct *mm, unsigned long addr)
{
	x86_host_tlb_drop(this_tlb(), mm->context.ctx_id, addr);
}

struct flush {
	u64 ctx_id;		/* 0: all */
	unsigned long start, end;
};

/* Runs on each CPU, as an interrupt there. */
static void flush_this_cpu(void *arg)
{
	const struct flush *f = arg;
	unsigned int n = x86_host_tlb_flush(this_tlb(), f->ctx_id, f->start, f->end);

	__atomic_fetch_add(&counters.flushed_entries, n, __ATOMIC_RELAXED);
}

/*
 * Flushes all CPUs and not only those of mm_cpumask(mm). Here the mask has the CPUs that filled their TLB, but not
 * those that only looked at the tables with GUP-fast. This waits longer than hardware, never less.
 */
static void flush_all_cpus(u64 ctx_id, unsigned long start, unsigned long end)
{
	struct flush f = { .ctx_id = ctx_id, .start = start, .end = end };

	__atomic_fetch_add(&counters.flushes, 1, __ATOMIC_RELAXED);
	on_each_cpu(flush_this_cpu, &f, 1);
	/* After the interrupts: an access that began before the flush may have mapped a page. */
	host_window_unmap(start, end);
}

REDUCED(flush_tlb_mm_range, "arch/x86/mm/tlb.c", "interrupts every CPU, also those that never ran the mm");
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned int stride_shift,
			bool freed_tables)
{
	inc_mm_tlb_gen(mm);
	flush_all_cpus(mm->context.ctx_id, start, end);
	mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end);
}

FAITHFUL(flush_tlb_all, "arch/x86/mm/tlb.c");
void flush_tlb_all(void)
{
	flush_all_cpus(0, 0, TLB_FLUSH_ALL);
}

INERT_VOID(flush_tlb_kernel_range, "arch/x86/mm/tlb.c",
	   "kernel addresses are host addresses: no TLB of the model's holds them");
INERT_VOID(flush_tlb_one_kernel, "arch/x86/mm/tlb.c", "like flush_tlb_kernel_range");

FAITHFUL(flush_tlb_local, "arch/x86/mm/tlb.c");
void flush_tlb_local(void)
{
	struct flush f = { .end = TLB_FLUSH_ALL };
	unsigned long flags;

	local_irq_save(flags);
	flush_this_cpu(&f);
	host_window_unmap(0, TLB_FLUSH_ALL);
	local_irq_restore(flags);
}

REDUCED(arch_tlbbatch_flush, "arch/x86/mm/tlb.c", "interrupts every CPU and flushes all address spaces");
void arch_tlbbatch_flush(struct arch_tlbflush_unmap_batch *batch)
{
	flush_all_cpus(0, 0, TLB_FLUSH_ALL);
	cpumask_clear(&batch->cpumask);
}

FAITHFUL(cpu_tlbstate_shared, "arch/x86/mm/tlb.c");
DEFINE_PER_CPU_SHARED_ALIGNED(struct tlb_state_shared, cpu_tlbstate_shared);
FAITHFUL(last_mm_ctx_id, "arch/x86/mm/tlb.c");
atomic64_t last_mm_ctx_id = ATOMIC64_INIT(1);

/* Does nothing, like switch_mm() below. */
void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
}

INERT_VOID(switch_mm, "arch/x86/mm/tlb.c", "user accesses name their mm, and entries are tagged by it");
INERT_VOID(switch_mm_irqs_off, "arch/x86/mm/tlb.c", "like switch_mm");
INERT_VOID(leave_mm, "arch/x86/mm/tlb.c", "no CPU has an mm loaded lazily");

FAITHFUL(nmi_uaccess_okay, "arch/x86/mm/tlb.c");
bool nmi_uaccess_okay(void)
{
	return true;
}

void kshim_host_tlb_register_counters(void)
{
	kshim_counter_register("host_tlb_hits", (uint64_t *)&counters.hits);
	kshim_counter_register("host_tlb_misses", (uint64_t *)&counters.misses);
	kshim_counter_register("host_tlb_flushes", (uint64_t *)&counters.flushes);
	kshim_counter_register("host_tlb_flushed_entries", (uint64_t *)&counters.flushed_entries);
}
