/* SPDX-License-Identifier: GPL-2.0-only */
/* What the wrapper TUs export: static functions of kernel files, under our own names. */
#ifndef KSHIM_WRAP_H
#define KSHIM_WRAP_H

#include <linux/err.h>
#include <linux/gfp_types.h>

struct file;
struct mempolicy;
struct mm_struct;
struct page;
struct task_struct;

/* kernel/fork.c: the slab caches of mm_struct and VMAs, once at boot. */
void kshim_fork_init(void);
/* mm_alloc(); NULL when out of memory. */
struct mm_struct *kshim_mm_alloc(void);
/* dup_mm(); NULL when out of memory. */
struct mm_struct *kshim_dup_mm(struct task_struct *task, struct mm_struct *old);

/*
 * mm/ksm.c: makes ksmd look at the pages at a and b now (page-aligned, both in VM_MERGEABLE areas of mm). 0: they are
 * one KSM page; -EINVAL: no mergeable area, or a is b; -EFAULT: no anonymous page there; -EBUSY: not merged, because
 * they differ or are pinned; -ENOMEM.
 */
int kshim_ksm_merge(struct mm_struct *mm, unsigned long a, unsigned long b);
/* One pass of ksmd over all mergeable areas, without merging. Drops mms of exited processes. For leak checks. */
void kshim_ksm_reap(void);

/*
 * mm/khugepaged.c: one round of khugepaged: it looks at the next eight places for a huge page in memory of processes
 * that want some. Returns how many huge pages it has made.
 */
long kshim_khugepaged_scan(void);

/* mm/swapfile.c: swapon(2) with a file name in kernel memory. 0 or -errno. */
long kshim_sys_swapon(const char *name, int flags);
/*
 * Frees pages of the swap cache whose entry nobody uses any more, like reclaim. Such a page remains when an entry is
 * freed while its page is locked. For leak checks.
 */
void kshim_swap_cache_reap(void);
/*
 * Frees pages of the swap cache that no process maps, like reclaim once they are written. Whoever needs one again gets
 * it from the device, in another frame.
 */
void kshim_swap_cache_reclaim(void);

/* --- mm/page_idle.c --- */
#ifdef CONFIG_PAGE_IDLE_FLAG
/* Whether the frame is idle: nobody has used it since it was marked, 0 or 1. */
long kshim_page_idle(unsigned long pfn);
/* Marks the frame as idle; what is not on an LRU list stays as it is. 0, or -ENXIO: there is no such frame. */
long kshim_page_set_idle(unsigned long pfn);
/* /sys/kernel/mm/page_idle/bitmap. An ERR_PTR: -ENOMEM, -ENFILE. */
struct file *kshim_open_page_idle(void);
#else
static inline long kshim_page_idle(unsigned long pfn)
{
	return -ENOENT;
}
static inline long kshim_page_set_idle(unsigned long pfn)
{
	return -ENOENT;
}
static inline struct file *kshim_open_page_idle(void)
{
	return ERR_PTR(-ENOENT);
}
#endif

/* --- fs/proc/task_mmu.c --- */
#ifdef CONFIG_PROC_PAGE_MONITOR
/* /proc/self/pagemap of the current process. An ERR_PTR: -ENOMEM, -ENFILE. */
struct file *kshim_open_pagemap(void);
#else
static inline struct file *kshim_open_pagemap(void)
{
	return ERR_PTR(-ENOENT);
}
#endif

/* --- kernel/sched/fair.c, which is there with CONFIG_NUMA_BALANCING only --- */
#ifdef CONFIG_NUMA_BALANCING
/* task_numa_work() of the current task. 1, or 0: the time for it has not come. */
long kshim_numa_scan(void);
/* enum kvmsim_numa_count of the current task, in pages; -EINVAL. */
long kshim_numa_count(unsigned int which);
#else
static inline long kshim_numa_scan(void)
{
	return -ENOSYS;
}
static inline long kshim_numa_count(unsigned int which)
{
	return -ENOSYS;
}
#endif

/* --- mm/mempolicy.c, which is there with CONFIG_NUMA only --- */
#ifdef CONFIG_NUMA
/*
 * Pages for the kernel itself, by the policy of the current task, like alloc_frozen_pages() with a reference. ip: who
 * asks. NULL: no memory.
 */
struct page *kshim_policy_alloc(gfp_t gfp, unsigned int order, const void *ip);
/* Who called the allocation by policy that is under way on this CPU, or ip if none is. */
const void *kshim_policy_caller(const void *ip);
/* A copy of the current task's policy, to be given to kshim_policy_put(); NULL if it has none. An ERR_PTR: -ENOMEM. */
struct mempolicy *kshim_policy_copy(void);
void kshim_policy_put(struct mempolicy *policy);
/* Gives a task that did not run yet a copy of policy, which may be NULL. 0 or -ENOMEM. */
int kshim_policy_give(struct task_struct *t, struct mempolicy *policy);
/* mbind(2), set_mempolicy(2), get_mempolicy(2), set_mempolicy_home_node(2). Pointers are user addresses. */
long kshim_sys_mbind(unsigned long addr, unsigned long len, unsigned long mode, unsigned long mask,
		     unsigned long maxnode, unsigned int flags);
long kshim_sys_set_mempolicy(int mode, unsigned long mask, unsigned long maxnode);
long kshim_sys_get_mempolicy(unsigned long mode, unsigned long mask, unsigned long maxnode, unsigned long addr,
			     unsigned long flags);
long kshim_sys_set_home_node(unsigned long addr, unsigned long len, unsigned long node, unsigned long flags);
#else
#define kshim_policy_alloc(gfp, order, ip) kshim_alloc_pages_node(gfp, order, NUMA_NO_NODE, NULL, ip)
#define kshim_policy_caller(ip) (ip)
static inline struct mempolicy *kshim_policy_copy(void)
{
	return NULL;
}
static inline void kshim_policy_put(struct mempolicy *policy)
{
}
static inline int kshim_policy_give(struct task_struct *t, struct mempolicy *policy)
{
	return 0;
}
/* kernel/sys_ni.c */
static inline long kshim_sys_mbind(unsigned long addr, unsigned long len, unsigned long mode, unsigned long mask,
				   unsigned long maxnode, unsigned int flags)
{
	return -ENOSYS;
}
static inline long kshim_sys_set_mempolicy(int mode, unsigned long mask, unsigned long maxnode)
{
	return -ENOSYS;
}
static inline long kshim_sys_get_mempolicy(unsigned long mode, unsigned long mask, unsigned long maxnode,
					   unsigned long addr, unsigned long flags)
{
	return -ENOSYS;
}
static inline long kshim_sys_set_home_node(unsigned long addr, unsigned long len, unsigned long node,
					   unsigned long flags)
{
	return -ENOSYS;
}
#endif

#endif
