/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spin waits, and the one hook that every lock, wait, atomic and grace period passes. Cheap enough for asm/ headers to
 * include (needs linux/types.h only).
 *
 * Without a scheduler (native threads) a point is one predictable branch. The deterministic scheduler sets
 * kshim_scheduler and may switch to another thread inside it. A thread that holds a struct host_lock must not reach a
 * point.
 */
#ifndef KSHIM_SCHED_H
#define KSHIM_SCHED_H

#include <linux/types.h>

enum kshim_point {
	KSHIM_PT_ATOMIC,	/* an atomic read-modify-write or a marked load or store; ptr: the variable */
	KSHIM_PT_LOCK,		/* about to try a spin, rw or bit lock; ptr: the lock */
	KSHIM_PT_UNLOCK,	/* a lock has been released; ptr: the lock */
	KSHIM_PT_SPIN,		/* one turn of a busy wait whose condition was false; ptr: what it looks at */
	KSHIM_PT_PARK,		/* about to sleep; ptr: the task */
	KSHIM_PT_WAKE,		/* has woken a task; ptr: the task */
	KSHIM_PT_RCU,		/* outermost RCU read lock taken or released, or a grace period requested */
	KSHIM_PT_SRCU,		/* like RCU, for an SRCU domain; ptr: the srcu_struct */
	KSHIM_PT_IRQ,		/* interrupts have been switched on or off */
	KSHIM_PT_IPI,		/* about to interrupt another CPU; ptr: the function */
	KSHIM_PT_ACCESS,	/* a modelled CPU is about to walk tables or use a TLB entry */
	KSHIM_PT_RESCHED,	/* cond_resched() and friends */
};

extern void (*kshim_scheduler)(enum kshim_point kind, const volatile void *ptr);

static inline __attribute__((__always_inline__)) void kshim_sched_point(enum kshim_point kind, const volatile void *ptr)
{
	if (__builtin_expect(kshim_scheduler != NULL, 0))
		kshim_scheduler(kind, ptr);
}

/*
 * A busy wait. While it lasts the thread counts as blocked. When all threads are blocked and every spinner has found
 * its condition false again, the scenario ends with KVMSIM_DEADLOCK, which names `what` and ptr.
 */
struct kshim_spin {
	const char *what;	/* static text: "spinlock", "interrupts off on the target CPU" */
	const volatile void *ptr;
	unsigned long turns;
	unsigned long seen;	/* value of the progress counter at the last turn */
	unsigned long voted;	/* value of the progress counter when this waiter voted that it is stuck */
	struct kshim_spin *outer;	/* the busy wait of the same task that this one interrupts */
};
void kshim_spin_begin(struct kshim_spin *s, const char *what, const volatile void *ptr);
void kshim_spin_turn(struct kshim_spin *s);
void kshim_spin_end(struct kshim_spin *s);

#define kshim_spin_until(what, ptr, condition) do {				\
	if (!(condition)) {							\
		struct kshim_spin kshim_spin_;					\
										\
		kshim_spin_begin(&kshim_spin_, what, ptr);			\
		do {								\
			kshim_spin_turn(&kshim_spin_);				\
		} while (!(condition));						\
		kshim_spin_end(&kshim_spin_);					\
	}									\
} while (0)

/*
 * For a loop that retries because another thread is not done (a fault that races with an invalidation). Yields the host
 * CPU, for longer after more failures. failures: 1 after the first; below 64 nothing happens.
 */
void kshim_back_off(unsigned int failures);

/* One turn of a busy wait in kernel code (cpu_relax()); yields the host CPU now and then. */
void kshim_cpu_relax(void);

/*
 * Interrupts of the simulated CPU that the calling native thread runs on; asm/irqflags.h is built on these.
 * kshim_irqs_off is 0 or 1. Switching interrupts on runs what is pending for this CPU (irq_work; softirqs are not
 * interrupts here).
 */
extern __thread unsigned long kshim_irqs_off;
void kshim_irq_disable(void);
void kshim_irq_enable(void);

/* Exact counts for kshim_counter(): how often a call took a lock, slept, sent an interrupt, ... */
extern uint64_t kshim_nr_spin_waits, kshim_nr_sleeps, kshim_nr_wakeups, kshim_nr_ipis, kshim_nr_grace_periods;

#endif
