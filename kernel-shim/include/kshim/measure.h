/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benches between sim and the kernel: how often KVM's mmu_lock is taken, and what runs while it is held. It is asked
 * for with kvmsim_machine_ops.bench, beyond the functions of kshim/machine.h.
 */
#ifndef KSHIM_MEASURE_H
#define KSHIM_MEASURE_H

#include <kshim/machine.h>

/*
 * bench(KVMSIM_BENCH_MMU_LOCK, 0, 0, enum kvmsim_watch, 1, 1, 0). Watches the mmu_lock of all VMs; one must be there,
 * or nothing is counted. Returns 0, or -errno.
 */
#define KVMSIM_BENCH_MMU_LOCK	((enum kvmsim_bench)16)

enum kvmsim_watch {
	KVMSIM_WATCH_OFF,
	KVMSIM_WATCH_COUNT,	/* the counter mmu_locks */
	KVMSIM_WATCH_HELD,	/* also: callgrind collects what runs from when it is taken until it is released */
};

#ifdef __KERNEL__
struct lockdep_map;

/* What lock_acquire() does after its work; mostly nothing, so that it costs one test. */
#define KSHIM_HOOK_PREEMPT	1u	/* kshim_preempt_point() */
#define KSHIM_HOOK_WATCH	2u	/* compares the lock's name with the watched lock's */
extern unsigned int kshim_lock_hooks;
void kshim_lock_hook(unsigned int hook, bool on);

/* The name of the watched lock, or NULL. */
extern const char *kshim_watched_lock;
void kshim_watched_lock_taken(void);
extern uint64_t kshim_nr_mmu_locks;
long kshim_watch_mmu_lock(enum kvmsim_watch how);

#endif

/* host/track.c: callgrind begins to collect, or ends. Nothing without Valgrind. */
void host_callgrind_toggle(void);

#endif
