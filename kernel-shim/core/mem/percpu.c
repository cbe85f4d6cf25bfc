// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-cpu memory and CPU masks: one unit of addresses per simulated CPU, a copy of the static section followed by a
 * dynamic area (mm/percpu.c and kernel/cpu.c in the kernel).
 *
 * Invariants (kshim_percpu_validate): dynamic blocks lie in address order without overlap, above the static section and
 * inside the unit. The bytes between two blocks are zero on every CPU, because every new block must be zero.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <kshim/boot.h>
#include <kshim/form/possible_cpus.h>
#include "mem_internal.h"

/* The initial values, which the linker collects from every DEFINE_PER_CPU. No CPU uses this copy. */
extern char __start_sim_percpu[], __stop_sim_percpu[];

struct percpu_block {
	struct list_head node;		/* in address order */
	unsigned long offset, bytes;	/* offset: from the start of the unit */
	const void *ip;
	u32 epoch;
};

static LIST_HEAD(blocks);
static struct host_lock lock;
static unsigned long static_bytes;
static unsigned int units;

FAITHFUL(__per_cpu_offset, "arch/x86/kernel/setup_percpu.c arch/s390/mm/init.c mm/percpu.c");
unsigned long __per_cpu_offset[NR_CPUS];

FAITHFUL(nr_cpu_ids, "kernel/smp.c");
unsigned int nr_cpu_ids = NR_CPUS;
FAITHFUL(__cpu_possible_mask, "kernel/cpu.c");
struct cpumask __cpu_possible_mask;
FAITHFUL(__cpu_online_mask, "kernel/cpu.c");
struct cpumask __cpu_online_mask;
FAITHFUL(__cpu_enabled_mask, "kernel/cpu.c");
struct cpumask __cpu_enabled_mask;
FAITHFUL(__cpu_present_mask, "kernel/cpu.c");
struct cpumask __cpu_present_mask;
FAITHFUL(__cpu_active_mask, "kernel/cpu.c");
struct cpumask __cpu_active_mask;
FAITHFUL(__cpu_dying_mask, "kernel/cpu.c");
struct cpumask __cpu_dying_mask;
FAITHFUL(__num_online_cpus, "kernel/cpu.c");
atomic_t __num_online_cpus;
FAITHFUL(cpu_all_bits, "kernel/cpu.c");
const DECLARE_BITMAP(cpu_all_bits, NR_CPUS) = CPU_BITS_ALL;

/* cpumask_of(cpu): row 1 + cpu % BITS_PER_LONG holds exactly that bit (kernel/cpu.c). */
#define MASK_DECLARE_1(x)	[x + 1][0] = (1UL << (x))
#define MASK_DECLARE_2(x)	MASK_DECLARE_1(x), MASK_DECLARE_1(x + 1)
#define MASK_DECLARE_4(x)	MASK_DECLARE_2(x), MASK_DECLARE_2(x + 2)
#define MASK_DECLARE_8(x)	MASK_DECLARE_4(x), MASK_DECLARE_4(x + 4)
FAITHFUL(cpu_bit_bitmap, "kernel/cpu.c");
const unsigned long cpu_bit_bitmap[BITS_PER_LONG + 1][BITS_TO_LONGS(NR_CPUS)] = {
	MASK_DECLARE_8(0), MASK_DECLARE_8(8), MASK_DECLARE_8(16), MASK_DECLARE_8(24),
	MASK_DECLARE_8(32), MASK_DECLARE_8(40), MASK_DECLARE_8(48), MASK_DECLARE_8(56),
};

static char *unit_base(unsigned int cpu)
{
	return (char *)KSHIM_PERCPU_BASE + cpu * KSHIM_PERCPU_UNIT;
}

unsigned long kshim_percpu_offset(unsigned int cpu)
{
	return __per_cpu_offset[cpu];
}

void kshim_percpu_boot(unsigned int nr_cpus)
{
	unsigned int cpu;

	units = nr_cpus;
	static_bytes = ALIGN(__stop_sim_percpu - __start_sim_percpu, PAGE_SIZE);
	BUG_ON(static_bytes > KSHIM_PERCPU_UNIT / 2);
	host_map(KSHIM_PERCPU_BASE, nr_cpus * KSHIM_PERCPU_UNIT);
	nr_cpu_ids = nr_cpus;
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		memcpy(unit_base(cpu), __start_sim_percpu, __stop_sim_percpu - __start_sim_percpu);
		__per_cpu_offset[cpu] = (unsigned long)unit_base(cpu) - (unsigned long)__start_sim_percpu;
		__set_bit(cpu, cpumask_bits(&__cpu_possible_mask));
		__set_bit(cpu, cpumask_bits(&__cpu_online_mask));
		__set_bit(cpu, cpumask_bits(&__cpu_enabled_mask));
		__set_bit(cpu, cpumask_bits(&__cpu_present_mask));
		__set_bit(cpu, cpumask_bits(&__cpu_active_mask));
	}
	kshim_possible_cpus_are(nr_cpus);
	atomic_set(&__num_online_cpus, nr_cpus);
}

void kshim_percpu_limit(unsigned int nr_online)
{
	unsigned int cpu;

	for (cpu = nr_online; cpu < units; cpu++) {
		__clear_bit(cpu, cpumask_bits(&__cpu_online_mask));
		__clear_bit(cpu, cpumask_bits(&__cpu_active_mask));
	}
	atomic_set(&__num_online_cpus, nr_online);
}

/* First fit: returns the list head to insert before, and the offset. Called with the lock held. */
static struct list_head *find_gap(size_t size, size_t align, unsigned long *offset)
{
	unsigned long at = static_bytes;
	struct percpu_block *b;

	list_for_each_entry(b, &blocks, node) {
		at = ALIGN(at, align);
		if (at + size <= b->offset)
			goto found;
		at = b->offset + b->bytes;
	}
	at = ALIGN(at, align);
	if (at + size > KSHIM_PERCPU_UNIT)
		return NULL;
found:
	*offset = at;
	return &b->node;
}

REDUCED(pcpu_alloc_noprof, "mm/percpu.c",
	"its memory does not come out of simulated RAM; never fails while the unit has room");
void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp)
{
	struct percpu_block *b;
	struct list_head *before;
	unsigned long offset;

	might_alloc(gfp);
	size = ALIGN(size, 8);
	align = max(align, 8UL);
	if (!size || size > PCPU_MIN_UNIT_SIZE || align > PAGE_SIZE || !is_power_of_2(align)) {
		WARN(!(gfp & __GFP_NOWARN), "illegal size (%zu) or align (%zu) for percpu allocation\n", size, align);
		return NULL;
	}
	if (kshim_should_fail(gfp))
		return NULL;
	b = kshim_meta_alloc(sizeof(*b));
	b->ip = __builtin_return_address(0);
	b->epoch = kshim_mem_epoch;
	b->bytes = size;
	host_lock(&lock);
	before = find_gap(size, align, &offset);
	if (before) {
		b->offset = offset;
		list_add_tail(&b->node, before);
	}
	host_unlock(&lock);
	if (!before) {
		kshim_meta_free(b, sizeof(*b));
		return NULL;
	}
	return (void __percpu *)(__start_sim_percpu + offset);
}

FAITHFUL(free_percpu, "mm/percpu.c");
void free_percpu(void __percpu *p)
{
	unsigned long offset = (unsigned long)p - (unsigned long)__start_sim_percpu;
	struct percpu_block *b;
	unsigned int cpu;

	if (!p)
		return;
	host_lock(&lock);
	list_for_each_entry(b, &blocks, node)
		if (b->offset == offset)
			goto found;
	host_unlock(&lock);
	kshim_mem_problem(__builtin_return_address(0), NULL,
			  "free_percpu: not a per-cpu allocation, or freed twice (per-cpu offset %#lx)", offset);
	return;
found:
	for (cpu = 0; cpu < units; cpu++)
		memset(unit_base(cpu) + offset, 0, b->bytes);
	list_del(&b->node);
	host_unlock(&lock);
	kshim_meta_free(b, sizeof(*b));
}

FAITHFUL(__is_kernel_percpu_address, "mm/percpu.c");
bool __is_kernel_percpu_address(unsigned long addr, unsigned long *can_addr)
{
	unsigned long offset = (addr - KSHIM_PERCPU_BASE) % KSHIM_PERCPU_UNIT;

	if (addr - KSHIM_PERCPU_BASE >= units * KSHIM_PERCPU_UNIT || offset >= static_bytes)
		return false;
	if (can_addr)
		*can_addr = (unsigned long)unit_base(0) + offset;
	return true;
}

FAITHFUL(is_kernel_percpu_address, "mm/percpu.c");
bool is_kernel_percpu_address(unsigned long addr)
{
	return __is_kernel_percpu_address(addr, NULL);
}

int kshim_percpu_validate(void)
{
	unsigned long at = static_bytes;
	struct percpu_block *b;
	unsigned int cpu;
	const u8 *bad;
	int n = 0;

	list_for_each_entry(b, &blocks, node) {
		if (b->offset < at || b->offset + b->bytes > KSHIM_PERCPU_UNIT) {
			kshim_mem_problem(b->ip, NULL, "per-cpu blocks overlap at offset %#lx", b->offset);
			return n + 1;
		}
		for (cpu = 0; cpu < units; cpu++) {
			bad = kshim_find_other(unit_base(cpu) + at, 0, b->offset - at);
			if (!bad)
				continue;
			kshim_mem_problem(b->ip, NULL,
					  "write outside any per-cpu block, cpu %u, %ld before a block of %lu",
					  cpu, (long)((u8 *)unit_base(cpu) + b->offset - bad), b->bytes);
			n++;
		}
		at = b->offset + b->bytes;
	}
	return n;
}

void kshim_percpu_leaks(struct kshim_leaks *l, u32 epoch)
{
	struct percpu_block *b;

	list_for_each_entry(b, &blocks, node)
		if (b->epoch >= epoch)
			kshim_leak_add(l, "per-cpu block", b->ip, b->bytes, (void *)b->offset);
}
