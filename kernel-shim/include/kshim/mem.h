/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated memory: how it is booted, its self-check, leak reports and forced failures.
 *
 * Boot order: kshim_mem_boot() is the first thing of all (per-cpu areas, page allocator, slab, vmalloc; needs neither
 * locks nor `current`); then tasks, locks and RCU; then kshim_mm_boot(), which initialises the real mm and may
 * allocate, lock and call RCU.
 */
#ifndef KSHIM_MEM_H
#define KSHIM_MEM_H

#include <kshim/layout.h>
#include <kshim/machine.h>
#include <kshim/types.h>

/* ram_bytes: a multiple of 4 MiB, 64 MiB to 64 GiB. 0 or -errno. */
int kshim_mem_boot(uint64_t ram_bytes, unsigned int nr_cpus);
/* Makes RAM larger, before KVM is loaded. ram_bytes: as above. 0 or -errno. */
int kshim_grow_ram(uint64_t ram_bytes);
/* 0 or -errno. */
int kshim_mm_boot(void);
/*
 * Boots hugetlb: the sizes of huge pages that the machine has. The pools are empty; processes may have 256 MiB of each
 * size beyond them. Once, before KVM is loaded and after the machine's features are set. 0 or -errno.
 */
int kshim_hugetlb_boot(void);
/* For the events of the same names in kshim/machine.h; in the current process. */
long kshim_hugetlb_count(uint64_t size, enum kvmsim_hugetlb_count which);
long kshim_hugetlb_set(uint64_t size, enum kvmsim_hugetlb_count which, uint64_t pages);
/*
 * What is written to /sys/kernel/mm/hugepages/hugepages-*kB/nr_hugepages. The pool gets as many pages as
 * memory has room for, and keeps those in use. 0, or -EINVAL: this size cannot change at run time.
 */
struct hstate;
int kshim_hugetlb_resize(struct hstate *h, unsigned long pages);
/* Frees the pages of all pools that nobody uses or has reserved. For leak checks. */
void kshim_hugetlb_drop_pools(void);

/*
 * Walks free lists, free pages, red zones and freed objects; each problem is a KVMSIM_CHECK report. Returns how many.
 * No other thread may be in kernel code. Cost: one pass over all free pages that were ever used.
 */
int kshim_mem_validate(void);

/*
 * Clears npages pages of RAM from addr on, if they are more than a block of the free lists: the host takes its memory
 * away, and gives zeroes at the next touch. Otherwise returns false.
 */
bool kshim_clear_frames(void *addr, unsigned int npages);

/* A point in time. Memory that is allocated after it and not freed in the end is a leak. */
struct kshim_mem_snapshot {
	uint32_t epoch;
};
void kshim_mem_take_snapshot(struct kshim_mem_snapshot *s);
/*
 * Reports what was allocated since the snapshot and not freed: one KVMSIM_LEAK per cache (or page, vmalloc, per-cpu)
 * and allocating function, whose return address is the report's first frame. Returns the number of objects. Run RCU
 * callbacks and work items first.
 */
int kshim_mem_leaks(const struct kshim_mem_snapshot *s);

/*
 * Forced failure: if N > 0, the N-th page, slab, vmalloc or per-cpu allocation from now that may fail (not
 * __GFP_NOFAIL) returns NULL, once. 0: off.
 */
extern long kshim_fail_alloc;

/* Returns the per-cpu offset of a simulated CPU. The calling native thread selects that CPU's area with it. */
unsigned long kshim_percpu_offset(unsigned int cpu);

#endif
