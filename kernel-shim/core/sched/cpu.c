// SPDX-License-Identifier: GPL-2.0-only
/* The simulated CPUs as a resource: attaching native threads, holding a CPU, running something on another CPU. */
#include <linux/preempt.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/measure.h>
#include <kshim/mem.h>
#include "internal.h"

/* The state of the calling native thread. Every kernel TU reads it, through asm/{current,preempt,percpu,irqflags}.h. */
__thread struct task_struct *kshim_current;
__thread int kshim_preempt_count;
__thread int kshim_preempt_resched;
__thread unsigned long kshim_cpu_offset;
__thread unsigned long kshim_irqs_off;
__thread struct kshim_cpu *kshim_cpu;
__thread struct kshim_cpu *kshim_thread_cpu;

struct kshim_cpu kshim_cpus[KVMSIM_MAX_CPUS];
unsigned int kshim_nr_cpus;

static bool cpu_try(struct kshim_cpu *cpu, struct task_struct *t)
{
	struct task_struct *none = NULL;

	/* Pairs with the release in kshim_cpu_release(). */
	return __atomic_compare_exchange_n(&cpu->holder, &none, t, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A holder in a long loop checks need_resched(), as it does for a task that wants to be scheduled there. */
static bool cpu_ask(struct kshim_cpu *cpu, struct task_struct *t)
{
	struct task_struct *holder;

	if (cpu_try(cpu, t))
		return true;
	host_rcu_read_lock();
	holder = READ_ONCE(cpu->holder);
	if (holder && !test_tsk_need_resched(holder))
		set_tsk_need_resched(holder);
	host_rcu_read_unlock();
	return false;
}

void kshim_cpu_acquire(struct kshim_cpu *cpu, struct task_struct *t)
{
	if (cpu_try(cpu, t))
		return;
	__atomic_fetch_add(&cpu->wanted, 1, __ATOMIC_RELAXED);
	kshim_spin_until("a CPU that runs another task", cpu, cpu_ask(cpu, t));
	__atomic_fetch_sub(&cpu->wanted, 1, __ATOMIC_RELAXED);
}

void kshim_cpu_release(struct kshim_cpu *cpu)
{
	/* Pairs with the acquire in cpu_try(). */
	__atomic_store_n(&cpu->holder, NULL, __ATOMIC_RELEASE);
}

void kshim_move_to(struct kshim_cpu *cpu)
{
	kshim_cpu = cpu;
	kshim_cpu_offset = kshim_percpu_offset(cpu->id);
}

void kshim_sleep_begin(void)
{
	if (kshim_cpu_held())
		kshim_cpu_release(kshim_cpu);
}

/* A task that did not hold its CPU (boot code, code between two processes) does not take it now either. */
void kshim_sleep_end(bool held)
{
	if (held)
		kshim_cpu_acquire(kshim_cpu, current);
}

bool kshim_cpu_held(void)
{
	return READ_ONCE(kshim_cpu->holder) == current;
}

void kshim_run_here(struct kshim_cpu *cpu, struct task_struct *t, void (*fn)(void *arg), void *arg)
{
	kshim_cpu_acquire(cpu, t);
	kshim_current = t;
	kshim_preempt_count = 0;
	kshim_move_to(cpu);
	fn(arg);
	WARN(kshim_preempt_count || kshim_irqs_off, "%pS returned with preempt count %d, interrupts %s\n", fn,
	     kshim_preempt_count, kshim_irqs_off ? "off" : "on");
	kshim_cpu_release(cpu);
}

void kshim_run_on(struct kshim_cpu *cpu, struct task_struct *t, void (*fn)(void *arg), void *arg)
{
	struct kshim_cpu *home = kshim_cpu;
	struct task_struct *self = current;
	int count = kshim_preempt_count;
	bool held = kshim_cpu_held();

	WARN_ON_ONCE(kshim_irqs_off);
	if (held)
		kshim_cpu_release(home);
	kshim_run_here(cpu, t, fn, arg);
	kshim_current = self;
	kshim_preempt_count = count;
	kshim_move_to(home);
	if (held)
		kshim_cpu_acquire(home, self);
}

void kshim_take_place(struct kshim_cpu *c)
{
	kshim_thread_cpu = c;
	host_lock(&c->count_lock);
	c->preempt_count = &kshim_preempt_count;
	c->native = host_thread_self();
	host_unlock(&c->count_lock);
}

/* Returns 0, -EINVAL (no such CPU, or the thread has one), or -EBUSY (another thread has it). */
int kshim_thread_attach(unsigned int cpu)
{
	struct kshim_cpu *c;
	bool free = false;

	if (cpu >= kshim_nr_cpus || kshim_thread_cpu)
		return -EINVAL;
	c = &kshim_cpus[cpu];
	/* Pairs with the release in kshim_thread_detach(). */
	if (!__atomic_compare_exchange_n(&c->attached, &free, true, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -EBUSY;
	host_rcu_register_thread();
	kshim_current = c->idle;
	kshim_preempt_count = 0;
	kshim_irqs_off = 0;
	kshim_move_to(c);
	kshim_take_place(c);
	host_oops_thread_attach();
	kshim_thread_runs();
	return 0;
}

void kshim_call_begins(void)
{
	if (kshim_thread_cpu)
		kshim_thread_cpu->call_locks = kshim_thread_cpu->nr_locks;
}

void kshim_thread_detach(void)
{
	struct kshim_cpu *c = kshim_thread_cpu;

	if (!c)
		return;
	WARN(current != c->idle || kshim_preempt_count || kshim_irqs_off, "thread leaves CPU %u inside the kernel\n",
	     c->id);
	host_oops_thread_detach();
	host_lock(&c->count_lock);
	c->preempt_count = NULL;
	c->native = 0;
	host_unlock(&c->count_lock);
	kshim_cpu = kshim_thread_cpu = NULL;
	kshim_current = NULL;
	host_rcu_unregister_thread();
	/* Pairs with the acquire in kshim_thread_attach(). */
	__atomic_store_n(&c->attached, false, __ATOMIC_RELEASE);
	if (kshim_thread_blocks())
		kshim_thread_left();
}

void kshim_threads_outside(void)
{
	kshim_workers_begin();
	kshim_outside_begin();
}

void kshim_task_switch(struct task_struct *t)
{
	struct kshim_cpu *c = kshim_cpu;
	struct mm_struct *mm = current->mm;

	if (t && current == c->idle) {
		kshim_cpu_acquire(c, t);
		kshim_current = t;
		kshim_arch_switch_mm(mm, t->mm);
	} else if (t) {
		/* Pairs with the READ_ONCE() in cpu_ask(), which then looks at the task. */
		__atomic_store_n(&c->holder, t, __ATOMIC_RELEASE);
		kshim_current = t;
		kshim_arch_switch_mm(mm, t->mm);
	} else if (current != c->idle) {
		kshim_arch_switch_mm(mm, NULL);
		kshim_user_return();
		WRITE_ONCE(c->returns, c->returns + 1);
		kshim_current = c->idle;
		kshim_cpu_release(c);
	}
}

static uint64_t count_locks(void)
{
	uint64_t sum = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < kshim_nr_cpus; cpu++)
		sum += READ_ONCE(kshim_cpus[cpu].nr_locks);
	return sum;
}

static void register_counters(void)
{
	kshim_counter_register_read("locks", count_locks);
	kshim_counter_register("mmu_locks", &kshim_nr_mmu_locks);
	kshim_counter_register("spin_waits", &kshim_nr_spin_waits);
	kshim_counter_register("sleeps", &kshim_nr_sleeps);
	kshim_counter_register("wakeups", &kshim_nr_wakeups);
	kshim_counter_register("ipis", &kshim_nr_ipis);
	kshim_counter_register("grace_periods", &kshim_nr_grace_periods);
}

void kshim_sched_limit(unsigned int nr_online)
{
	kshim_nr_cpus = nr_online;
}

int kshim_sched_boot(unsigned int nr_cpus)
{
	unsigned int i;
	int ret;

	if (nr_cpus < 1 || nr_cpus > KVMSIM_MAX_CPUS)
		return -EINVAL;
	kshim_nr_cpus = nr_cpus;
	for (i = 0; i < nr_cpus; i++) {
		kshim_cpus[i].id = i;
		init_llist_head(&kshim_cpus[i].deferred);
		kshim_arch_boot_cpu(i);
	}
	kshim_current = &init_task;
	kshim_move_to(&kshim_cpus[0]);
	ret = kshim_task_boot();
	if (ret)
		return ret;
	kshim_irq_boot();
	register_counters();
	ret = kshim_thread_attach(0);
	if (ret)
		return ret;
	/* Their idle sources run in this order. */
	kshim_workqueue_boot();
	kshim_timers_boot();
	kshim_rcu_boot();
	kshim_srcu_boot();
	return 0;
}
