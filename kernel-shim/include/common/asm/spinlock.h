/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/spinlock.h: spinlocks and reader-writer locks for native threads, which wait in kshim_spin_until().
 *
 * Unlike with the queued locks of include/asm-generic, waiters are not served in order of arrival. The rest is the
 * same: a waiting writer keeps new readers out, and a lock is contended while somebody waits for it.
 * queued_read_lock_slowpath() makes an exception for interrupts; it is not needed here, because no reader takes from an
 * interrupt a lock that it already holds.
 */
#ifndef _ASM_SPINLOCK_H
#define _ASM_SPINLOCK_H

#include <linux/compiler.h>
#include <asm/processor.h>
#include <asm/spinlock_types.h>
#include <kshim/sched.h>

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.locked;
}

static __always_inline int arch_spin_is_contended(arch_spinlock_t *lock)
{
	return __atomic_load_n(&lock->waiters, __ATOMIC_RELAXED) != 0;
}
#define arch_spin_is_contended arch_spin_is_contended

static __always_inline int __kshim_spin_try(arch_spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	return __kshim_spin_try(lock);
}

static inline void arch_spin_lock(arch_spinlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	if (likely(__kshim_spin_try(lock)))
		return;
	__atomic_fetch_add(&lock->waiters, 1, __ATOMIC_RELAXED);
	kshim_spin_until("spinlock", lock, !arch_spin_is_locked(lock) && __kshim_spin_try(lock));
	__atomic_fetch_sub(&lock->waiters, 1, __ATOMIC_RELAXED);
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	kshim_sched_point(KSHIM_PT_UNLOCK, lock);
}

static __always_inline int __kshim_read_try(arch_rwlock_t *lock)
{
	s32 count = __atomic_load_n(&lock->count, __ATOMIC_RELAXED);

	return count >= 0 && !__atomic_load_n(&lock->writers, __ATOMIC_RELAXED) &&
	       __atomic_compare_exchange_n(&lock->count, &count, count + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline int __kshim_write_try(arch_rwlock_t *lock)
{
	s32 count = 0;

	return __atomic_compare_exchange_n(&lock->count, &count, -1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline int arch_read_trylock(arch_rwlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	return __kshim_read_try(lock);
}

static __always_inline int arch_write_trylock(arch_rwlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	return __kshim_write_try(lock);
}

static inline void arch_read_lock(arch_rwlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	if (likely(__kshim_read_try(lock)))
		return;
	__atomic_fetch_add(&lock->waiters, 1, __ATOMIC_RELAXED);
	kshim_spin_until("rwlock (read)", lock, __kshim_read_try(lock));
	__atomic_fetch_sub(&lock->waiters, 1, __ATOMIC_RELAXED);
}

static inline void arch_write_lock(arch_rwlock_t *lock)
{
	kshim_sched_point(KSHIM_PT_LOCK, lock);
	if (likely(__kshim_write_try(lock)))
		return;
	__atomic_fetch_add(&lock->waiters, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&lock->writers, 1, __ATOMIC_RELAXED);
	kshim_spin_until("rwlock (write)", lock, __kshim_write_try(lock));
	__atomic_fetch_sub(&lock->writers, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&lock->waiters, 1, __ATOMIC_RELAXED);
}

static __always_inline void arch_read_unlock(arch_rwlock_t *lock)
{
	__atomic_fetch_sub(&lock->count, 1, __ATOMIC_RELEASE);
	kshim_sched_point(KSHIM_PT_UNLOCK, lock);
}

static __always_inline void arch_write_unlock(arch_rwlock_t *lock)
{
	__atomic_store_n(&lock->count, 0, __ATOMIC_RELEASE);
	kshim_sched_point(KSHIM_PT_UNLOCK, lock);
}

static __always_inline int arch_rwlock_is_contended(arch_rwlock_t *lock)
{
	return __atomic_load_n(&lock->waiters, __ATOMIC_RELAXED) != 0;
}
#define arch_rwlock_is_contended arch_rwlock_is_contended

#endif
