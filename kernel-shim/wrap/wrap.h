/* SPDX-License-Identifier: GPL-2.0-only */
/* What the wrapper TUs export: static functions of kernel files, under our own names. */
#ifndef KSHIM_WRAP_H
#define KSHIM_WRAP_H

struct mm_struct;
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

#endif
