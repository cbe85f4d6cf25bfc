/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fences for ThreadSanitizer, which does not know them. A fence orders the relaxed accesses before it. So the shim
 * remembers these accesses and acquires their variables at the fence; a reader without the fence is still reported.
 * Without ThreadSanitizer all of this is empty.
 */
#ifndef KSHIM_FENCE_H
#define KSHIM_FENCE_H

#ifdef __SANITIZE_THREAD__
/* host/tsan.c: records that the calling thread has just loaded from p, relaxed. */
void host_tsan_loaded(const volatile void *p);
/* Acquires what the thread's last few relaxed loads saw. */
void host_tsan_fence(void);
#define kshim_fence() host_tsan_fence()

/* order: the memory order of a load or read-modify-write of p that has just been done. */
static inline __attribute__((__always_inline__)) void kshim_loaded(const volatile void *p, int order)
{
	if (order == __ATOMIC_RELAXED || order == __ATOMIC_RELEASE)
		host_tsan_loaded(p);
}
#else
#define kshim_fence() \
	do {          \
	} while (0)
#define kshim_loaded(p, order) \
	do {                   \
	} while (0)
#endif

#endif
