/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of kernel/locking/rwsem.c when ThreadSanitizer checks it. A reader that finds the lock free in
 * rwsem_down_read_slowpath() takes it by a relaxed read and smp_acquire__after_ctrl_dep(), a fence, which ThreadSanitizer
 * does not see: everything that the last writer did would race with this reader. The read itself acquires here.
 */
#ifndef KSHIM_TSAN_RWSEM_H
#define KSHIM_TSAN_RWSEM_H

#include <linux/atomic.h>

#define atomic_long_read(v) atomic_long_read_acquire(v)

#endif
