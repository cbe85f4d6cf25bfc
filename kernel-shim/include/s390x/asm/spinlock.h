/* SPDX-License-Identifier: GPL-2.0-only */
/* What s390's asm/spinlock.h adds to the common one: whether a CPU runs, and the turn of a lock-break loop. */
#ifndef __ASM_SPINLOCK_H
#define __ASM_SPINLOCK_H

#include <linux/smp.h>
#include <asm/atomic_ops.h>
#include_next <asm/spinlock.h>

bool arch_vcpu_is_preempted(int cpu);
#define vcpu_is_preempted arch_vcpu_is_preempted

#define arch_spin_relax(lock)	cpu_relax()
#define arch_read_relax(lock)	cpu_relax()
#define arch_write_relax(lock)	cpu_relax()

#endif
