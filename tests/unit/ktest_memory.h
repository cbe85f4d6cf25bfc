/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_memory.c (host) asks of tests/unit/ktest_memory.c (kernel): plain pointers and numbers only. */
#ifndef KTEST_MEMORY_H
#define KTEST_MEMORY_H

#include <kshim/types.h>

/* Slab. A cache is an opaque pointer. ctor: objects get a constructor that stores KTEST_CTOR_BYTE in each byte. */
#define KTEST_CTOR_BYTE 0x77
void *ktest_kmalloc(uint64_t size, int zero);
void *ktest_krealloc(void *p, uint64_t size);
void ktest_kfree(void *p);
void *ktest_cache_create(const char *name, unsigned int size, unsigned int align, int ctor, int rcu);
void ktest_cache_destroy(void *cache);
void *ktest_cache_alloc(void *cache);
void ktest_cache_free(void *cache, void *p);
/* Whether it did what it should for n objects. */
int ktest_cache_bulk(void *cache, unsigned int n, void **p);

/* Pages, by struct page pointer. */
void *ktest_pages_alloc(unsigned int order, int zero, int compound);
void *ktest_pages_alloc_nofail(unsigned int order);
void ktest_pages_free(void *page, unsigned int order);
void *ktest_page_address(void *page);
uint64_t ktest_page_pfn(void *page);
void ktest_page_get(void *page);
void ktest_page_map(void *page);
int ktest_page_is_free(void *page);
void ktest_pages_split(void *page, unsigned int order);

void *ktest_vmalloc(uint64_t size, int zero);
void ktest_vfree(void *p);
/* As in an RCU callback: in a soft interrupt. */
void ktest_vfree_in_softirq(void *p);
void ktest_vmalloc_share(void);
void *ktest_vmalloc_to_page(void *p);

void *ktest_percpu_alloc(uint64_t size);
void *ktest_percpu_alloc_nowarn(uint64_t size);
void ktest_percpu_free(void *p);
void *ktest_percpu_ptr(void *p, unsigned int cpu);
unsigned int ktest_percpu_cpus(void);
/* A static per-cpu variable with the initial value 42. */
int *ktest_percpu_static(unsigned int cpu);

/* Writes one byte, from kernel code. */
void ktest_touch(void *p);
/* Reads 8 bytes in lib/find_bit.c. */
void ktest_find_bit(void *p);
/* Branches on one byte. */
int ktest_branch_on(void *p);

/* Whether reserves may be used: 1 by __GFP_MEMALLOC, 2 against __GFP_NOMEMALLOC, 4 by PF_MEMALLOC, 8 against both. */
int ktest_memalloc_allowed(void);

int ktest_validate(void);
int ktest_validate_changed(void);	/* only what was allocated and freed since the last of both */
uint32_t ktest_snapshot(void);
int ktest_leaks(uint32_t snapshot);
uint64_t ktest_free_pages_count(void);
void ktest_fail_alloc(long n);
int ktest_on_valgrind(void);

#endif
