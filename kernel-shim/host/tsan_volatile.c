// SPDX-License-Identifier: GPL-2.0-only
/*
 * ThreadSanitizer's view of volatile accesses: READ_ONCE() and WRITE_ONCE() count as relaxed atomic accesses.
 *
 * The compiler calls these before each volatile access of 1 to 16 bytes (--param=tsan-distinguish-volatile=1); its
 * run-time library does not have them. A write is announced as an atomic addition of 0, which changes nothing.
 */
#ifdef __SANITIZE_THREAD__

#define RELAXED 0	/* __tsan_memory_order_relaxed */

#define VOLATILE_ACCESS(size, bits, type)                                                                              \
	type __tsan_atomic##bits##_load(const volatile type *p, int order);                                            \
	type __tsan_atomic##bits##_fetch_add(volatile type *p, type v, int order);                                     \
	void __tsan_volatile_read##size(void *p);                                                                      \
	void __tsan_volatile_write##size(void *p);                                                                     \
	void __tsan_unaligned_volatile_read##size(void *p);                                                            \
	void __tsan_unaligned_volatile_write##size(void *p);                                                           \
	void __tsan_volatile_read##size(void *p) { __tsan_atomic##bits##_load(p, RELAXED); }                           \
	void __tsan_volatile_write##size(void *p) { __tsan_atomic##bits##_fetch_add(p, 0, RELAXED); }                  \
	void __tsan_unaligned_volatile_read##size(void *p) { __tsan_volatile_read##size(p); }                          \
	void __tsan_unaligned_volatile_write##size(void *p) { __tsan_volatile_write##size(p); }

VOLATILE_ACCESS(1, 8, char)
VOLATILE_ACCESS(2, 16, short)
VOLATILE_ACCESS(4, 32, int)
VOLATILE_ACCESS(8, 64, long)

/* Two halves: no kernel structure has a volatile access of 16 bytes that must be atomic. */
void __tsan_volatile_read16(void *p);
void __tsan_volatile_write16(void *p);

void __tsan_volatile_read16(void *p)
{
	__tsan_volatile_read8(p);
	__tsan_volatile_read8((char *)p + 8);
}

void __tsan_volatile_write16(void *p)
{
	__tsan_volatile_write8(p);
	__tsan_volatile_write8((char *)p + 8);
}

#endif
