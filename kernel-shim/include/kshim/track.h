/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the memory checker of the build (AddressSanitizer, Valgrind's memcheck, or none) which simulated memory may be
 * touched; usable from kernel TUs, which see neither checker's header.
 *
 * Every function takes any address and length. AddressSanitizer works in granules of 8 bytes: a range that is closed
 * must begin at an open granule's tail or on a multiple of 8. Valgrind is reached through kernel-shim/host/track.c,
 * empty unless KSHIM_VALGRIND is defined; kshim_on_valgrind keeps that to one predictable branch when the program runs
 * natively.
 */
#ifndef KSHIM_TRACK_H
#define KSHIM_TRACK_H

#include <kshim/types.h>

#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(const volatile void *p, unsigned long n);
void __asan_unpoison_memory_region(const volatile void *p, unsigned long n);
#else
static inline void __asan_poison_memory_region(const volatile void *p, unsigned long n) {}
static inline void __asan_unpoison_memory_region(const volatile void *p, unsigned long n) {}
#endif

#if defined(KSHIM_VALGRIND) || defined(__SANITIZE_ADDRESS__)
/* Sets kshim_on_valgrind; called once at boot, before any other function here. */
void host_track_init(void);
#else
static inline void host_track_init(void) {}
#endif
/* Reports what lies at p, after AddressSanitizer found a bad access there (core/mem/explain.c). */
void kshim_mem_explain(const void *p);

#ifdef KSHIM_VALGRIND
extern int kshim_on_valgrind;
void host_track_noaccess(const void *p, unsigned long n);
void host_track_undefined(const void *p, unsigned long n);
void host_track_defined(const void *p, unsigned long n);
/* Errors of the calling thread are not reported while quiet. */
void host_track_quiet(bool quiet);
void host_track_pool_create(const void *pool);
void host_track_pool_destroy(const void *pool);
void host_track_pool_alloc(const void *pool, const void *p, unsigned long n);
void host_track_pool_free(const void *pool, const void *p);
#else
#define kshim_on_valgrind 0
static inline void host_track_noaccess(const void *p, unsigned long n) {}
static inline void host_track_undefined(const void *p, unsigned long n) {}
static inline void host_track_defined(const void *p, unsigned long n) {}
static inline void host_track_quiet(bool quiet) {}
static inline void host_track_pool_create(const void *pool) {}
static inline void host_track_pool_destroy(const void *pool) {}
static inline void host_track_pool_alloc(const void *pool, const void *p, unsigned long n) {}
static inline void host_track_pool_free(const void *pool, const void *p) {}
#endif

/* Forbids all access to p..p+n from now on. */
static inline void kshim_track_close(const void *p, unsigned long n)
{
	__asan_poison_memory_region(p, n);
	if (kshim_on_valgrind)
		host_track_noaccess(p, n);
}

/* Allows access to p..p+n; its contents count as initialised. */
static inline void kshim_track_open(const void *p, unsigned long n)
{
	__asan_unpoison_memory_region(p, n);
	if (kshim_on_valgrind)
		host_track_defined(p, n);
}

/* Marks the contents of p..p+n, which is open already, as uninitialised. */
static inline void kshim_track_undefined(const void *p, unsigned long n)
{
	if (kshim_on_valgrind)
		host_track_undefined(p, n);
}

/* A pool of objects, named by any address. memcheck then reports where an object was allocated and freed. */
static inline void kshim_track_pool_create(const void *pool)
{
	if (kshim_on_valgrind)
		host_track_pool_create(pool);
}

static inline void kshim_track_pool_destroy(const void *pool)
{
	if (kshim_on_valgrind)
		host_track_pool_destroy(pool);
}

/* Opens n bytes at p, undefined for memcheck. Call kshim_track_open() when they are initialised. */
static inline void kshim_track_object_alloc(const void *pool, const void *p, unsigned long n)
{
	__asan_unpoison_memory_region(p, n);
	if (kshim_on_valgrind)
		host_track_pool_alloc(pool, p, n);
}

/* Closes the object: n bytes from p, at least those that were opened. */
static inline void kshim_track_object_free(const void *pool, const void *p, unsigned long n)
{
	__asan_poison_memory_region(p, n);
	if (kshim_on_valgrind) {
		host_track_pool_free(pool, p);
		host_track_noaccess(p, n);
	}
}

/* Ends the object for the pool, but its n bytes may still be read and written (SLAB_TYPESAFE_BY_RCU, constructors). */
static inline void kshim_track_object_keep(const void *pool, const void *p, unsigned long n)
{
	if (kshim_on_valgrind) {
		host_track_pool_free(pool, p);
		host_track_defined(p, n);
	}
}

#endif
