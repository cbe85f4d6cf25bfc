// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel half of the memory unit tests: kernel calls under plain C names, for tests/unit/test_memory.c.
 *
 * Linked together with the kernel and shim objects of a flavour; compiled with the flags of any kernel TU.
 */
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <kshim/boot.h>
#include <kshim/checks.h>
#include <kshim/form/slab_sheaves.h>
#include <kshim/mem.h>
#include <kshim/track.h>
#include "ktest_memory.h"

static DEFINE_PER_CPU(int, ktest_static) = 42;

static gfp_t gfp(int zero)
{
	return zero ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL;
}

int ktest_memalloc_allowed(void)
{
	int seen = gfp_pfmemalloc_allowed(GFP_KERNEL | __GFP_MEMALLOC) |
		   gfp_pfmemalloc_allowed(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOMEMALLOC) << 1;
	unsigned int flags = memalloc_noreclaim_save();

	seen |= gfp_pfmemalloc_allowed(GFP_KERNEL) << 2 | gfp_pfmemalloc_allowed(GFP_KERNEL | __GFP_NOMEMALLOC) << 3;
	memalloc_noreclaim_restore(flags);
	return seen;
}

void *ktest_kmalloc(uint64_t size, int zero)
{
	return kmalloc(size, gfp(zero));
}

void *ktest_krealloc(void *p, uint64_t size)
{
	return krealloc(p, size, GFP_KERNEL);
}

void ktest_kfree(void *p)
{
	kfree(p);
}

static void fill_object(void *object)
{
	memset(object, KTEST_CTOR_BYTE, 64);
}

void *ktest_cache_create(const char *name, unsigned int size, unsigned int align, int ctor, int rcu)
{
	return kmem_cache_create(name, size, align, rcu ? SLAB_TYPESAFE_BY_RCU : 0, ctor ? fill_object : NULL);
}

void ktest_cache_destroy(void *cache)
{
	kmem_cache_destroy(cache);
}

void *ktest_cache_alloc(void *cache)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

void ktest_cache_free(void *cache, void *p)
{
	kmem_cache_free(cache, p);
}

int ktest_cache_bulk(void *cache, unsigned int n, void **p)
{
	return kmem_cache_alloc_bulk(cache, GFP_KERNEL, n, p) == KSHIM_BULK_RESULT(n);
}

void *ktest_pages_alloc(unsigned int order, int zero, int compound)
{
	return alloc_pages(gfp(zero) | __GFP_NOWARN | (compound ? __GFP_COMP : 0), order);
}

void *ktest_pages_alloc_nofail(unsigned int order)
{
	return alloc_pages(GFP_KERNEL | __GFP_NOFAIL, order);
}

void ktest_pages_free(void *page, unsigned int order)
{
	__free_pages(page, order);
}

void *ktest_page_address(void *page)
{
	return page_address((struct page *)page);
}

uint64_t ktest_page_pfn(void *page)
{
	return page_to_pfn((struct page *)page);
}

void ktest_page_get(void *page)
{
	get_page(page);
}

void ktest_page_map(void *page)
{
	atomic_inc(&((struct page *)page)->_mapcount);
}

int ktest_page_is_free(void *page)
{
	return is_free_buddy_page(page);
}

void ktest_pages_split(void *page, unsigned int order)
{
	split_page(page, order);
}

void *ktest_vmalloc(uint64_t size, int zero)
{
	return zero ? vzalloc(size) : vmalloc(size);
}

void ktest_vmalloc_share(void)
{
	kshim_vmalloc_share();
}

void *ktest_vmalloc_to_page(void *p)
{
	return vmalloc_to_page(p);
}

void ktest_vfree(void *p)
{
	vfree(p);
}

void ktest_vfree_in_softirq(void *p)
{
	local_bh_disable();
	vfree(p);
	local_bh_enable();
}

void *ktest_percpu_alloc(uint64_t size)
{
	return (void *)__alloc_percpu(size, 8);
}

void *ktest_percpu_alloc_nowarn(uint64_t size)
{
	return (void *)__alloc_percpu_gfp(size, 8, GFP_KERNEL | __GFP_NOWARN);
}

void ktest_percpu_free(void *p)
{
	free_percpu((void __percpu *)p);
}

void *ktest_percpu_ptr(void *p, unsigned int cpu)
{
	return per_cpu_ptr((char __percpu *)p, cpu);
}

unsigned int ktest_percpu_cpus(void)
{
	return num_possible_cpus();
}

int *ktest_percpu_static(unsigned int cpu)
{
	return per_cpu_ptr(&ktest_static, cpu);
}

void ktest_touch(void *p)
{
	WRITE_ONCE(*(u8 *)p, 0);
}

void ktest_find_bit(void *p)
{
	_find_first_bit(p, BITS_PER_LONG);
}

int ktest_branch_on(void *p)
{
	return READ_ONCE(*(u8 *)p) ? ktest_validate() : 0;
}

int ktest_validate(void)
{
	return kshim_mem_validate();
}

int ktest_validate_changed(void)
{
	return kshim_mem_validate_changed();
}

uint32_t ktest_snapshot(void)
{
	struct kshim_mem_snapshot s;

	kshim_mem_take_snapshot(&s);
	return s.epoch;
}

int ktest_leaks(uint32_t snapshot)
{
	struct kshim_mem_snapshot s = { .epoch = snapshot };

	return kshim_mem_leaks(&s);
}

uint64_t ktest_free_pages_count(void)
{
	return global_zone_page_state(NR_FREE_PAGES);
}

void ktest_fail_alloc(long n)
{
	kshim_fail_alloc = n;
}

int ktest_on_valgrind(void)
{
	return kshim_on_valgrind;
}
