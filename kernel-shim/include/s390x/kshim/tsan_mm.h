/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before code that makes or follows tables, flushes TLBs lazily, or enters or leaves a process, when
 * ThreadSanitizer checks it. This s390 code relies on ordered loads, but ThreadSanitizer sees relaxed and plain ones.
 */
#ifndef KSHIM_S390_TSAN_MM_H
#define KSHIM_S390_TSAN_MM_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/pgtable.h>
#include <linux/string.h>

void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

/* finish_arch_post_lock_switch() waits until flush_count is 0 and then reads what was written under it (flush_mm). */
#define atomic_read(v) atomic_read_acquire(v)

/*
 * ptep_flush_lazy() and its relatives skip the flush of other CPUs if the mask of CPUs that use the process has only
 * this one. A CPU that left cleared its bit with an atomic operation, after its last access. So the plain read is not
 * checked, and acquires if it decides that no other CPU is there.
 */
static inline bool kshim_alone(const struct cpumask *users, const struct cpumask *self)
{
	bool alone;

	BUILD_BUG_ON(BITS_TO_LONGS(NR_CPUS) != 1);
	__tsan_ignore_thread_begin();
	alone = cpumask_equal(users, self);
	__tsan_ignore_thread_end();
	if (alone)
		__tsan_acquire((void *)cpumask_bits(users));
	return alone;
}
#define cpumask_equal(users, self) kshim_alone(users, self)

/*
 * A gmap's tables are linked by plain stores and followed without guest_table_lock. The address dependency orders a
 * table's contents before what is found in it. Code that has filled a table releases KSHIM_TABLE(), code that has found
 * it acquires that; the CPU does so in models/s390x/dat.c.
 */
#define KSHIM_TABLE(p) ((void *)(((unsigned long)(p) & ~(_CRST_TABLE_SIZE - 1)) + 1))

static inline void kshim_fill_table(u64 *table, u64 entry, size_t entries)
{
	memset64(table, entry, entries);
	__tsan_release(KSHIM_TABLE(table));
}
#define memset64(table, entry, entries) kshim_fill_table(table, entry, entries)

static inline int kshim_pmd_none(pmd_t pmd)
{
	if (pmd_none(pmd))
		return 1;
	__tsan_acquire(KSHIM_TABLE(__va(pmd_val(pmd) & PAGE_MASK)));
	return 0;
}
#define pmd_none(pmd) kshim_pmd_none(pmd)

#endif
