// SPDX-License-Identifier: GPL-2.0-only
/*
 * ThreadSanitizer's view of volatile accesses (READ_ONCE() and WRITE_ONCE() count as atomic), of atomics, and of
 * fences.
 *
 * A volatile read acquires: this stands for the order that the kernel gets from address dependencies
 * (rcu_dereference()). A volatile write releases: this stands for the smp_wmb() or smp_mb() before it. So a missing
 * barrier next to these is not noticed, but an unmarked access is.
 *
 * The compiler calls these functions before each volatile access of 1 to 8 bytes (--param=tsan-distinguish-volatile=1);
 * its run-time library does not have them. A write is announced as an atomic addition of 0, which changes nothing.
 */
#ifdef __SANITIZE_THREAD__
#include <stddef.h>
#include <kshim/fence.h>

#define ACQUIRE 2	/* the run-time library's numbers */
#define RELEASE 3

/* With a jump instead of a call, reports name the kernel's access as the place. */
#define JUMPS __attribute__((no_sanitize_thread, optimize("optimize-sibling-calls")))

#define VOLATILE_ACCESS(size, bits, type)                                                                              \
	type __tsan_atomic##bits##_load(const volatile void *p, int order);                                            \
	type __tsan_atomic##bits##_fetch_add(volatile void *p, type v, int order);                                     \
	void __tsan_volatile_read##size(void *p);                                                                      \
	void __tsan_volatile_write##size(void *p);                                                                     \
	JUMPS void __tsan_volatile_read##size(void *p) { __tsan_atomic##bits##_load(p, ACQUIRE); }                     \
	JUMPS void __tsan_volatile_write##size(void *p) { __tsan_atomic##bits##_fetch_add(p, 0, RELEASE); }

VOLATILE_ACCESS(1, 8, unsigned char)
VOLATILE_ACCESS(2, 16, unsigned short)
VOLATILE_ACCESS(4, 32, unsigned int)
VOLATILE_ACCESS(8, 64, unsigned long)

/*
 * In the compiler's model a compare-and-exchange that fails orders nothing. The processor's does, and KVM relies on it
 * when vcpu->mode tells it that a vCPU has left the guest. So here a failed one acquires. (To the library weak is as
 * strong.)
 */
#define COMPARE_EXCHANGE(bits, type)                                                                                   \
	_Bool __tsan_atomic##bits##_compare_exchange_weak(volatile void *p, void *old, type v, int order, int failed); \
	JUMPS _Bool __tsan_atomic##bits##_compare_exchange_strong(volatile void *p, void *old, type v, int order,      \
								  int failed)                                          \
	{                                                                                                              \
		(void)failed;                                                                                          \
		return __tsan_atomic##bits##_compare_exchange_weak(p, old, v, order, ACQUIRE);                         \
	}

COMPARE_EXCHANGE(32, unsigned int)
COMPARE_EXCHANGE(64, unsigned long)

/*
 * Fences after relaxed operations of atomic_t. The language's rule: when a thread loads what a releasing store wrote
 * and then executes a fence, what follows the fence comes after that store. So the fence acquires the variables that
 * were loaded. The last few are enough, because the kernel puts a fence next to the load that it is for.
 */
#define LOADS 4

static __thread struct {
	void *from[LOADS]; /* NULL: none */
	unsigned int next;
} loads;

void __tsan_acquire(void *addr);

__attribute__((no_sanitize_thread)) void host_tsan_loaded(const volatile void *p)
{
	loads.from[loads.next++ % LOADS] = (void *)p;
}

__attribute__((no_sanitize_thread)) void host_tsan_fence(void)
{
	unsigned int i;

	for (i = 0; i < LOADS; i++) {
		if (loads.from[i])
			__tsan_acquire(loads.from[i]);
		loads.from[i] = NULL;
	}
}

#endif
