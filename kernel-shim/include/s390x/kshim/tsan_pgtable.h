/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of arch/s390/mm/pgtable.c when ThreadSanitizer checks it. ptep_flush_lazy() and its kin leave out the flush of
 * other CPUs when the mask of CPUs that use the process has this one only. They read it plainly: a CPU that has left took
 * its bit away with an atomic operation, after its last access, and loads are in order on s390. So the read is not looked
 * at, and acquires where it decides that nobody else is there.
 */
#ifndef KSHIM_S390_TSAN_PGTABLE_H
#define KSHIM_S390_TSAN_PGTABLE_H

#include <linux/cpumask.h>

void __tsan_acquire(void *addr);

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

#endif
