/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks, native threads and virtual time: what the rest of the shim asks of core/sched/sched.c and its neighbours. */
#ifndef KSHIM_TASK_H
#define KSHIM_TASK_H

#include <kshim/types.h>

struct task_struct;
struct mm_struct;
struct files_struct;

/* Boot, after memory: CPUs, tasks, interrupts, workqueues; the caller becomes the boot task of CPU 0. 0 or -errno. */
int kshim_sched_boot(unsigned int nr_cpus);

/*
 * Native threads. Each plays one simulated CPU from attach to detach and must be outside of every process at both.
 * While threads run, a thread that waits for them on the host (pthread_join) has to be detached, after all of them
 * have attached: a deadlock is noticed only when every attached thread is blocked inside kernel code. attach: 0,
 * -EINVAL (no such CPU, or the thread has one), -EBUSY (another thread plays it).
 */
int kshim_thread_attach(unsigned int cpu);
void kshim_thread_detach(void);

/*
 * A task of process pid for the calling thread's CPU. The first one of a process leads its thread group and has pid
 * as its number. mm and files are borrowed: the process keeps its references. NULL: no memory. May sleep.
 */
struct task_struct *kshim_task_create(const char *comm, int pid, struct mm_struct *mm, struct files_struct *files);
/*
 * The calling thread enters the kernel as t (waiting for its CPU if a work item runs there), or changes from one task
 * to another; NULL: back to user mode, as this CPU's boot task. Leaving with a lock held, preemption or interrupts
 * off, or inside an RCU section is reported.
 */
void kshim_task_switch(struct task_struct *t);
/* mm and active_mm become another one, or NULL, before the process drops the one it has. */
void kshim_task_set_mm(struct task_struct *t, struct mm_struct *mm);
/*
 * As a thread's exit; nobody may be running as t. Its memory is freed at the end of a step, when the last reference
 * is gone.
 */
void kshim_task_destroy(struct task_struct *t);

/* This process forks no more: work items get native threads of their own, so that they can sleep. */
void kshim_workers_begin(void);
/* RCU and SRCU callbacks, work items and due timers, until nothing is left; takes 1 us of virtual time. */
void kshim_step_end(void);
/*
 * Frees what library code keeps per CPU for later (the radix tree's preloaded nodes), as when each CPU has gone
 * offline.
 */
void kshim_drop_cpu_caches(void);
/* As kvmsim_machine_ops.timed_out. */
void kshim_timed_out(void);
/* Moves virtual time; every timer up to the new time runs at its own time. Ends the step. */
void kshim_advance_time(uint64_t ns);
/*
 * Checks the invariants of tasks, RCU queues, workqueues and timers, with no other thread in kernel code:
 * KVMSIM_CHECK each.
 */
int kshim_sched_validate(void);

/* Counters, in the order of registration; name NULL past the last. */
const char *kshim_counter_name(unsigned int i);
uint64_t kshim_counter(unsigned int i);
/* Boot only; name is not copied. The counter is a plain uint64_t that only grows. */
void kshim_counter_register(const char *name, uint64_t *value);
/* The same for one that read() makes of others. */
void kshim_counter_register_read(const char *name, uint64_t (*read)(void));

#endif
