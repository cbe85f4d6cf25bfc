/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks, native threads and virtual time: what the rest of the shim asks of core/sched.c and its neighbours. */
#ifndef KSHIM_TASK_H
#define KSHIM_TASK_H

#include <kshim/types.h>

struct task_struct;
struct mm_struct;
struct files_struct;

/* (Declared by lead because core/process.c and core/machine.c call exactly these; owner sched: keep the names, extend, document.) */
int kshim_sched_boot(unsigned int nr_cpus);
struct task_struct *kshim_task_create(const char *comm, int pid, struct mm_struct *mm, struct files_struct *files);
/* NULL: back to this CPU's own boot task. */
void kshim_task_switch(struct task_struct *t);
/* mm and active_mm become NULL, before the process drops its mm. */
void kshim_task_drop_mm(struct task_struct *t);
void kshim_task_destroy(struct task_struct *t);
int kshim_thread_attach(unsigned int cpu);
void kshim_thread_detach(void);
/* RCU callbacks, work items and due timers, until nothing is left. */
void kshim_step_end(void);
void kshim_advance_time(uint64_t ns);
const char *kshim_counter_name(unsigned int i);
uint64_t kshim_counter(unsigned int i);
/* Boot only; name is not copied. The counter is a plain uint64_t that only grows. */
void kshim_counter_register(const char *name, uint64_t *value);

#endif
