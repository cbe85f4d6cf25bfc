/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks, native threads and virtual time: what the rest of the shim asks of core/sched/sched.c and its neighbours. */
#ifndef KSHIM_TASK_H
#define KSHIM_TASK_H

#include <kshim/types.h>

struct task_struct;
struct mm_struct;
struct files_struct;

/* Boots CPUs, tasks, interrupts, workqueues, after memory. The caller becomes the boot task of CPU 0. 0 or -errno. */
int kshim_sched_boot(unsigned int nr_cpus);

/*
 * Native threads. Each plays one simulated CPU from attach to detach and must be outside of every process at both. A
 * deadlock is noticed only when every attached thread is blocked inside kernel code. So a thread that waits on the host
 * for other threads (pthread_join) must detach first, after all of them have attached. attach: 0, -EINVAL (no such CPU,
 * or the thread has one), -EBUSY (another thread plays it).
 */
int kshim_thread_attach(unsigned int cpu);
void kshim_thread_detach(void);

/* The calling thread makes a call into the kernel, a new one after earlier ones: what it does next has an end. */
void kshim_call_begins(void);

/*
 * Creates a task of process pid for the calling thread's CPU. The first one of a process leads its thread group and has
 * pid as its number. mm and files are borrowed: the process keeps its references. NULL: no memory. May sleep.
 */
struct task_struct *kshim_task_create(const char *comm, int pid, struct mm_struct *mm, struct files_struct *files);
/*
 * The calling thread enters the kernel as t, or changes from one task to another. It waits if a work item runs on its
 * CPU. NULL: back to user mode, as this CPU's boot task. Leaving with a lock held, preemption or interrupts off, or
 * inside an RCU section is reported.
 */
void kshim_task_switch(struct task_struct *t);
/* Changes t's mm and active_mm; mm may be NULL. Call it before the process drops its old mm. */
void kshim_task_set_mm(struct task_struct *t, struct mm_struct *mm);
/*
 * Like a thread's exit. Nobody may be running as t. Its memory is freed at the end of a step, when the last reference
 * is gone.
 */
void kshim_task_destroy(struct task_struct *t);

/*
 * A reschedule interrupt: it does nothing but make its CPU leave guest mode. The model asks kshim_interrupted() there,
 * with interrupts off: whether one, or any other interrupt, waits for the calling thread's CPU. The CPU takes it when
 * its interrupts are switched on.
 */
void kshim_send_reschedule(unsigned int cpu);
bool kshim_interrupted(void);

/* Declares that this process will not fork: work items get native threads of their own, so that they can sleep. */
void kshim_workers_begin(void);
/* Before a fork all the same: ends these threads. Returns false if an item sleeps, whose thread cannot end. */
bool kshim_work_end_threads(void);
/* kshim_workers_begin(), and declares that there are native threads that run without being attached. */
void kshim_threads_outside(void);
/*
 * A signal of the host is for the calling native thread, which may be in the middle of a system call: signal_pending()
 * is true for what it does until the end of that call, and a sleep that a signal ends, ends. Safe in a signal handler.
 */
void kshim_host_signal(void);
/* Forgets that, for the next call. Whether it was so. */
bool kshim_host_signal_end(void);
/* Sets TIF_SIGPENDING again for such a signal, which is not in the task's queue. The call begins as current. */
void kshim_host_signal_begin(void);
/* Runs RCU and SRCU callbacks, work items and due timers until nothing is left; takes 1 us of virtual time. */
void kshim_step_end(void);
/* Frees what library code keeps per CPU for later (the radix tree's preloaded nodes), as if each CPU went offline. */
void kshim_drop_cpu_caches(void);
/* See kvmsim_machine_ops.timed_out. */
void kshim_timed_out(void);
/* Advances virtual time by ns nanoseconds. Every timer up to the new time runs at its own time. Ends the step. */
void kshim_advance_time(uint64_t ns);

/* need_resched() becomes true at every n-th point of a thread, see core/sched/preempt.c; 0: never. */
void kshim_preempt_every(unsigned int points);
/*
 * Checks the invariants of tasks, RCU queues, workqueues and timers. Each problem is a KVMSIM_CHECK report. No other
 * thread may be in kernel code. Returns how many.
 */
int kshim_sched_validate(void);

/* Counters, in the order of registration. The name is NULL past the last. */
const char *kshim_counter_name(unsigned int i);
uint64_t kshim_counter(unsigned int i);
/* Only at boot. The name is not copied. The counter is a plain uint64_t that only grows. */
void kshim_counter_register(const char *name, uint64_t *value);
/* The same for a counter whose value read() computes from others. */
void kshim_counter_register_read(const char *name, uint64_t (*read)(void));

#endif
