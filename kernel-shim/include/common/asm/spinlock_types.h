/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/spinlock_types.h: the state of a spinlock and of a reader-writer lock; operations are in asm/spinlock.h. Sizes
 * are those of the kernel's queued locks (include/asm-generic/q{spin,rw}lock_types.h).
 *
 * Invariants: locked is 0 or 1. count is -1 with one writer inside, else the number of readers inside. waiters counts
 * the threads in the slow path; writers counts those of them that want to write.
 */
#ifndef _ASM_SPINLOCK_TYPES_H
#define _ASM_SPINLOCK_TYPES_H

#include <linux/types.h>

typedef struct {
	u16 locked;
	u16 waiters;
} arch_spinlock_t;

#define __ARCH_SPIN_LOCK_UNLOCKED { 0, 0 }

typedef struct {
	s32 count;
	u16 waiters;
	u16 writers;
} arch_rwlock_t;

#define __ARCH_RW_LOCK_UNLOCKED { 0, 0, 0 }

#endif
