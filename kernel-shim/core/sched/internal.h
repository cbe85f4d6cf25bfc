/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to core/{sched,task,cpu,deadlock,irq,smp,rcu,srcu,worker,workqueue,work_run,time,timer,kthread}.c: the
 * simulated CPU as a resource, the shim's half of a task, and the calls between these files.
 *
 * A simulated CPU runs one task at a time: the native thread whose task runs there holds the CPU (struct kshim_cpu,
 * `holder`) from kshim_cpu_acquire() to kshim_cpu_release(). A task that sleeps has released it. Work items and hotplug
 * callbacks of a CPU run with that CPU held: a callback on the native thread that asked for it, an item on its
 * worker's. Interrupts exclude sections of the CPU with interrupts off, not its holder.
 *
 * Invariants: holder is NULL or the current task of exactly one native thread. irq_lock is 1 while a native thread has
 * interrupts off on that CPU or runs an interrupt on it. A task's `parked` is true only while its thread sleeps in
 * schedule().
 */
#ifndef KSHIM_SCHED_INTERNAL_H
#define KSHIM_SCHED_INTERNAL_H

#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include <kshim/sched.h>
#include <kshim/task.h>

struct kshim_cpu {
	int irq_lock;
	unsigned int irqs_pending;	/* interrupts that wait for irq_lock; the CPU's own thread lets them go first */
	bool kicked;			/* a reschedule interrupt was sent that this CPU has not taken yet */
	unsigned int id;
	bool attached;			/* a native thread plays this CPU */
	struct task_struct *holder;	/* the task that runs here */
	struct task_struct *idle;	/* the task of an attached thread that runs no process */
	struct task_struct *irq;	/* the task that interrupts on this CPU run as */
	struct task_struct *softirq;	/* the task that softirqs on this CPU run as */
	struct task_struct *hotplug;	/* the task that hotplug callbacks run as */
	struct llist_head deferred;	/* interrupts to send when this CPU's interrupts are on again */
	int irq_work_raised;		/* this CPU's irq_work list wants to run */
	unsigned int wanted;		/* threads that wait for this CPU */
	unsigned long rcu_seq;		/* outermost RCU sections entered plus left by the thread: odd inside one */
	unsigned int rcu_depth;		/* nesting depth of the thread's RCU sections, interrupts included */
	unsigned long quiescent;	/* how often the thread's task said that it is in no RCU section of any kind */
	uint64_t returns;		/* how often the thread went back to user mode */
	uint64_t nr_locks;		/* lock_acquire() calls of the thread, except RCU and SRCU */
	uint64_t call_locks;		/* nr_locks when the thread's call into the kernel began */
	struct host_lock count_lock;
	const int *preempt_count;	/* of the thread attached here, or NULL; guarded by count_lock */
	struct kshim_spin *spin;	/* the busy wait that the thread is in, or NULL */
	struct task_struct *thread_task;/* the task that it runs as, for reports */
	uint64_t preempt_points;	/* of the thread, see preempt.c */
	unsigned long native;		/* the thread attached here, for host_call_on_thread(); or 0 */
} ____cacheline_aligned;

extern struct kshim_cpu kshim_cpus[KVMSIM_MAX_CPUS];
extern unsigned int kshim_nr_cpus;
/* Where the calling native thread is now. NULL if it is not attached. */
extern __thread struct kshim_cpu *kshim_cpu;
/* The CPU that the calling native thread is attached to, wherever it is now. NULL if it is not attached. */
extern __thread struct kshim_cpu *kshim_thread_cpu;

/*
 * No call takes so many: the largest in the scenarios takes a quarter. A loop that gets there does so in seconds,
 * because whatever goes round in the kernel takes a lock.
 */
#define KSHIM_CALL_LOCKS 4000000

/* Reports where all threads are, and ends the scenario: the call of this one goes round and round. */
__noreturn void kshim_endless_call(void);

/* Of an attached thread. */
static inline void kshim_count_lock(void)
{
	struct kshim_cpu *c = kshim_thread_cpu;

	if (unlikely(++c->nr_locks - c->call_locks > KSHIM_CALL_LOCKS))
		kshim_endless_call();
}

/* The shim's half of a task; lives beside its task_struct, found through worker_private. */
struct kshim_task {
	struct host_parker parker;
	struct host_lock lock;		/* guards parked and the change of __state by a waker */
	bool parked;
	struct kshim_worker *worker;	/* a kworker's */
	bool poked;			/* woken to do idle work, not because its state changed */
	bool looking;			/* does idle work while it counts as parked */
	bool no_thread;			/* a kthread: never runs */
	bool permanent;			/* part of the machine: never freed */
	struct list_head node;		/* all tasks, oldest first */
	void *wait_ip;			/* who called schedule() */
	struct task_struct *task;
	int (*threadfn)(void *data);	/* kthreads: as given to kthread_create() */
	void *threaddata;
	unsigned long kthread_flags;
};

static inline struct kshim_task *kshim_task_of(struct task_struct *t)
{
	return t->worker_private;
}

/* --- task.c --- */
/* Makes a task that belongs to the shim and to no process. NULL: no memory; never at boot. */
struct task_struct *kshim_task_new(const char *comm, int pid, unsigned int flags);
void kshim_task_for_each(void (*fn)(struct task_struct *t, void *arg), void *arg);
int kshim_task_boot(void);
/* Frees destroyed tasks that nobody refers to any more. */
void kshim_task_reap(void);
/* The checks of a return to user mode: nothing held, nothing disabled. */
void kshim_user_return(void);

/* --- wrap/lockdep.c --- */
void kshim_lockdep_return(void);

/* --- cpu.c --- */
void kshim_cpu_acquire(struct kshim_cpu *cpu, struct task_struct *t);
void kshim_cpu_release(struct kshim_cpu *cpu);
/* Runs fn as task t on a CPU, in process context. Gives up the caller's own CPU meanwhile. The caller may sleep. */
void kshim_run_on(struct kshim_cpu *cpu, struct task_struct *t, void (*fn)(void *arg), void *arg);
/* The same for a native thread that runs nothing else. */
void kshim_run_here(struct kshim_cpu *cpu, struct task_struct *t, void (*fn)(void *arg), void *arg);
/* The calling native thread is on a CPU from now on: its per-cpu data. It need not hold the CPU. */
void kshim_move_to(struct kshim_cpu *cpu);
/* Makes the calling native thread the one that plays CPU c, for others who look at it. */
void kshim_take_place(struct kshim_cpu *c);
/* Between these the calling task counts as asleep: its CPU is free. */
void kshim_sleep_begin(void);
void kshim_sleep_end(bool held);
/* Returns whether the current task holds its CPU. Call it before kshim_sleep_begin(). */
bool kshim_cpu_held(void);

/* Lets a task that wants this CPU have it first, as a preemption does. The caller may sleep. */
void kshim_give_way(void);

/* preempt.c: a point where need_resched() may become true. Called only if the period is not 0. */
extern unsigned int kshim_preempt_period;
void kshim_preempt_point(void);

/*
 * Between these the current task waits for something that nobody signals (a grace period, a work item that another
 * thread runs). It counts as asleep, but waits busily. The caller may sleep.
 */
struct kshim_wait {
	bool held;
};
void kshim_wait_begin(struct kshim_wait *w);
void kshim_wait_end(struct kshim_wait *w);

/* --- deadlock.c --- */
/* The host is an x86_64 machine, whatever the flavour's architecture. */
static __always_inline void kshim_spin_pause(void)
{
	__builtin_ia32_pause();
}

void kshim_thread_runs(void);		/* one more native thread can go on */
/* One thread less. Returns true if it was the last: the caller must look for work or report. */
bool kshim_thread_blocks(void);
/* Returns whether no thread runs and none waits busily. Threads outside do not count. */
bool kshim_all_sleep(void);
/* From now on there may be threads outside (kshim_threads_outside()). No wait is a deadlock any more. */
void kshim_outside_begin(void);
/*
 * Whether that was said. The machine then idles while all threads that are inside wait: virtual time passes as fast as
 * on the host, in ticks. The thread for which kshim_thread_blocks() or kshim_all_sleep() was true sees to it.
 */
bool kshim_outside(void);
/* A tick of kshim_tick_us() microseconds is over, on the host. since: virtual time at its beginning, ns. */
void kshim_tick(u64 since);
/* Its length, or 0 if no timer is pending: then nothing comes about by time. */
unsigned int kshim_tick_us(void);
/*
 * A sleeper looks for idle work between these. found: whether there was any. kshim_look_end() returns false if there
 * was none and no other thread can go on: a deadlock, unless there are threads outside.
 */
void kshim_look_begin(void);
bool kshim_look_end(bool found);
__noreturn void kshim_deadlock(const char *why);
/* The last native thread that could run has gone: wakes a sleeper to find work, let time pass, or report. */
void kshim_thread_left(void);
/* Runs something that needs no waiting thread: a work item, a timer, RCU callbacks. false: there was nothing. */
bool kshim_idle_work(void);

/* --- self-checks: each problem is a report of kind KVMSIM_CHECK; how many --- */
int kshim_task_validate(void);
int kshim_idle_validate(void);

/* --- idle.c --- */
struct kshim_idle_source {
	const char *name;
	bool (*run)(void);	/* runs what is due now; returns whether there was anything */
	bool (*pending)(void);	/* returns whether something is due now or will be */
	int (*validate)(void);	/* self-check as above, or NULL */
};
/* Adds a source after the existing ones. It must stay valid for ever. Only at boot. */
void kshim_idle_register(const struct kshim_idle_source *source);
/* Runs each source once; returns whether one of them found anything. */
bool kshim_idle_run_each(void);
/* Runs the first source that finds anything; returns whether there was one. */
bool kshim_idle_run_one(void);
bool kshim_idle_pending(void);

/* --- irq.c --- */
/* Runs fn as an interrupt on another CPU. The caller has interrupts on. */
void kshim_interrupt(struct kshim_cpu *cpu, void (*fn)(void *arg), void *arg);
void kshim_irq_boot(void);
/*
 * Timer and RCU callbacks run between these, as softirqs of this CPU, one thread at a time. Returns false if the caller
 * is a softirq itself, has interrupts off, or does not want to wait and another thread is in there.
 */
struct kshim_softirq {
	struct task_struct *task;
	int preempt_count;
};
bool kshim_softirq_enter(struct kshim_softirq *s, bool wait);
void kshim_softirq_exit(struct kshim_softirq *s);

/* --- worker.c --- */
struct kshim_turn;
struct kshim_worker {
	struct task_struct *task;
	struct host_parker wanted;	/* its thread waits for its next turn */
	struct kshim_turn *turn;
	bool has_thread;
	bool asleep;			/* in the middle of an item, between two turns */
	struct kshim_cpu *cpu;		/* these: what to run, and where */
	void (*fn)(void *arg);
	void *arg;
};
void kshim_worker_init(struct kshim_worker *w, const char *name);
/*
 * Runs fn as the worker's task on a CPU, in process context, until fn ends or sleeps. Returns whether it has ended. The
 * caller may sleep.
 */
bool kshim_worker_run(struct kshim_worker *w, struct kshim_cpu *cpu, void (*fn)(void *arg), void *arg);
/* Returns whether it was woken and can continue. Who continues it first sets `asleep` to false, under a lock. */
bool kshim_worker_woken(struct kshim_worker *w);
/* Continues it. Returns whether fn has ended now. */
bool kshim_worker_resume(struct kshim_worker *w);
/* Ends its native thread, before a fork, while it has no item. The next item gets another thread. */
void kshim_worker_end(struct kshim_worker *w);
/* For schedule(): returns whether the task's thread runs only while another one waits for it. w may be NULL. */
bool kshim_worker_driven(struct kshim_worker *w);
/* Ends the current task's turn. Returns when somebody continues it. */
void kshim_worker_sleep(struct kshim_worker *w);

/* --- kernel-shim/wrap/numa_balancing.c --- */
#ifdef CONFIG_NUMA_BALANCING
/* init_numa_balancing() of a new task that has its mm. thread: the mm has another task already. */
void kshim_numa_task_new(struct task_struct *t, bool thread);
#else
static inline void kshim_numa_task_new(struct task_struct *t, bool thread)
{
}
#endif

/* --- kthread.c --- */
/* Makes a kthread, which never runs. fmt, args: its name. Returns the task or ERR_PTR(-ENOMEM). */
struct task_struct *kshim_kthread_new(int (*threadfn)(void *data), void *data, const char *fmt, va_list args);

/* --- smp.c --- */
/* The list of what would be called at suspend and shutdown. */
void kshim_syscore_add(struct list_head *node);
void kshim_syscore_del(struct list_head *node);

/* --- rcu.c, srcu.c, workqueue.c, work_run.c, timer.c --- */
/* Each registers its idle source. */
void kshim_workqueue_boot(void);
void kshim_timers_boot(void);
void kshim_rcu_boot(void);
void kshim_srcu_boot(void);
unsigned long kshim_rcu_queued(void);	/* callbacks */
unsigned long kshim_srcu_queued(void);
/* kvfree_rcu(): frees ptr after a grace period. head: a member of the object, or NULL; then the caller may sleep. */
void kshim_kvfree_rcu(struct rcu_head *head, void *ptr);

/*
 * What the kernel's functions do whose names or arguments depend on its version (compat/<form>). Arguments and results
 * are those of init_timer_key(), hrtimer_init(), __init_srcu_struct(), __cant_sleep(), kthread_create_worker() and
 * alloc_workqueue() of Linux 6.12.
 */
struct kthread_worker;
struct lock_class_key;
struct srcu_struct;
struct timer_list;
void kshim_timer_init(struct timer_list *timer, void (*func)(struct timer_list *), unsigned int flags, const char *name,
		      struct lock_class_key *key);
void kshim_hrtimer_init(struct hrtimer *timer, clockid_t clock_id, enum hrtimer_mode mode);
int kshim_srcu_init(struct srcu_struct *ssp, const char *name, struct lock_class_key *key);
void kshim_cant_sleep(const char *file, int line, int preempt_offset, void *ip);
struct kthread_worker *kshim_kthread_worker(unsigned int flags, const char *namefmt, va_list args);
struct workqueue_struct *kshim_alloc_workqueue(const char *fmt, unsigned int flags, int max_active, va_list args);

/* Continues a work item that slept and was woken. Returns whether there was one. */
bool kshim_work_resume_one(void);
/* Runs what is due at the current virtual time; returns how many. */
unsigned int kshim_timers_run(void);
/* Time of the first timer, or U64_MAX. */
u64 kshim_timers_next(void);
/* Time of the last pending timer; the current time if there is none or that time is over. */
u64 kshim_timers_last(void);
u64 kshim_time(void);
void kshim_time_set(u64 ns);		/* never backwards */
void kshim_time_pass(u64 ns);

#endif
