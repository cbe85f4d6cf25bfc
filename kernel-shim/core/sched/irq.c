// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of the simulated CPUs: the interrupt flag, interrupts that one CPU runs on another, softirq markers, and
 * the tracing of the flag for lockdep (kernel/trace/trace_preemptirq.c, kernel/softirq.c).
 *
 * An interrupt runs on the native thread that sends it, with the target's per-cpu data, as the target's irq task, and
 * holds the target's irq_lock. So it never overlaps a section of the target with interrupts off. It does not stop the
 * target's thread elsewhere.
 */
#include <linux/bottom_half.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kernel_stat.h>
#include <linux/lockdep.h>
#include <linux/smp.h>
#include <kshim/mem.h>
#include "internal.h"

uint64_t kshim_nr_ipis;

FAITHFUL(hardirqs_enabled, "kernel/softirq.c");
DEFINE_PER_CPU(int, hardirqs_enabled);
FAITHFUL(hardirq_context, "kernel/softirq.c");
DEFINE_PER_CPU(int, hardirq_context);

REDUCED(early_boot_irqs_disabled, "init/main.c", "false: there is no early boot");
bool early_boot_irqs_disabled;

/* --- the flag --- */

/* The exchange pairs with the release in irq_unlock(). */
static bool irq_try(struct kshim_cpu *c)
{
	return !__atomic_load_n(&c->irq_lock, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&c->irq_lock, 1, __ATOMIC_ACQUIRE);
}

static void irq_lock(struct kshim_cpu *c)
{
	kshim_spin_until("interrupts that run, or are off, on a CPU", c, irq_try(c));
}

/* For an interrupt. It is pending from now on, so the CPU takes it before it switches interrupts off again. */
static void irq_lock_pending(struct kshim_cpu *c)
{
	if (irq_try(c))
		return;
	__atomic_fetch_add(&c->irqs_pending, 1, __ATOMIC_RELAXED);
	irq_lock(c);
	__atomic_fetch_sub(&c->irqs_pending, 1, __ATOMIC_RELAXED);
}

static void irq_unlock(struct kshim_cpu *c)
{
	/* Pairs with the acquires in irq_try() and in in_atomic_section() of rcu.c. */
	__atomic_store_n(&c->irq_lock, 0, __ATOMIC_RELEASE);
}

static noinline void irq_lock_after_pending(struct kshim_cpu *c)
{
	kshim_spin_until("interrupts that are pending on a CPU", c,
			 !__atomic_load_n(&c->irqs_pending, __ATOMIC_RELAXED));
	irq_lock(c);
}

/* A fault of a guest does this some 70 times, most of them for lockdep. */
void kshim_irq_disable(void)
{
	struct kshim_cpu *c = kshim_cpu;

	kshim_sched_point(KSHIM_PT_IRQ, c);
	/* The exchange pairs with the release in irq_unlock(). */
	if (unlikely(__atomic_load_n(&c->irqs_pending, __ATOMIC_RELAXED)) ||
	    unlikely(__atomic_exchange_n(&c->irq_lock, 1, __ATOMIC_ACQUIRE)))
		irq_lock_after_pending(c);
	kshim_irqs_off = 1;
}

static bool has_deferred(struct kshim_cpu *c)
{
	return READ_ONCE(c->irq_work_raised) || !llist_empty(&c->deferred);
}

static void run_deferred(struct kshim_cpu *c);

void kshim_irq_enable(void)
{
	struct kshim_cpu *c = kshim_cpu;

	kshim_irqs_off = 0;
	__atomic_store_n(&c->kicked, false, __ATOMIC_RELAXED);
	irq_unlock(c);
	kshim_sched_point(KSHIM_PT_IRQ, c);
	if (unlikely(has_deferred(c)))
		run_deferred(c);
}

/* --- interrupts --- */

struct interrupted {
	struct kshim_cpu *cpu;
	struct task_struct *task;
	int preempt_count;
	int hardirqs_enabled;
};

/* The caller has the target's irq_lock. */
static void irq_begin(struct kshim_cpu *target, struct interrupted *was)
{
	was->cpu = kshim_cpu;
	was->task = current;
	was->preempt_count = kshim_preempt_count;
	kshim_irqs_off = 1;
	kshim_cpu = target;
	kshim_cpu_offset = kshim_percpu_offset(target->id);
	kshim_current = target->irq;
	kshim_preempt_count = HARDIRQ_OFFSET;
	was->hardirqs_enabled = __this_cpu_read(hardirqs_enabled);
	__this_cpu_write(hardirqs_enabled, 0);
	__this_cpu_write(hardirq_context, 1);
}

static void irq_end(struct interrupted *was)
{
	if (kshim_preempt_count != HARDIRQ_OFFSET || current->lockdep_depth)
		host_report(KVMSIM_WARN, NULL, 0, "interrupt on CPU %u ends with preempt count %#x and %d locks held",
			    kshim_cpu->id, kshim_preempt_count, current->lockdep_depth);
	__this_cpu_write(hardirq_context, 0);
	__this_cpu_write(hardirqs_enabled, was->hardirqs_enabled);
	kshim_cpu = was->cpu;
	kshim_cpu_offset = kshim_percpu_offset(was->cpu->id);
	kshim_current = was->task;
	kshim_preempt_count = was->preempt_count;
	kshim_irqs_off = 0;
}

void kshim_interrupt(struct kshim_cpu *cpu, void (*fn)(void *arg), void *arg)
{
	struct interrupted was;

	kshim_sched_point(KSHIM_PT_IPI, fn);
	__atomic_fetch_add(&kshim_nr_ipis, 1, __ATOMIC_RELAXED);
	irq_lock_pending(cpu);
	irq_begin(cpu, &was);
	fn(arg);
	irq_end(&was);
	irq_unlock(cpu);
	/* Does what the interrupt asked of its CPU; that CPU's own thread may sleep or be gone. */
	if (unlikely(has_deferred(cpu)))
		run_deferred(cpu);
}

/* The sender has stored what it is about; the store pairs with the load that ends the guest's accesses. */
void kshim_send_reschedule(unsigned int cpu)
{
	__atomic_store_n(&kshim_cpus[cpu].kicked, true, __ATOMIC_RELEASE);
}

bool kshim_interrupted(void)
{
	return __atomic_load_n(&kshim_cpu->kicked, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&kshim_cpu->irqs_pending, __ATOMIC_ACQUIRE);
}

static void run_irq_work(void *unused)
{
	irq_work_run();
}

/* --- irq_work: the real kernel/irq_work.c, whose self-interrupt comes here --- */

FAITHFUL(arch_irq_work_raise, "arch/x86/kernel/irq_work.c arch/s390/kernel/smp.c arch/arm64/kernel/smp.c");
void arch_irq_work_raise(void)
{
	WRITE_ONCE(kshim_cpu->irq_work_raised, 1);
	if (!kshim_irqs_off)
		run_deferred(kshim_cpu);
}


/* Calls that wait because their sender's interrupts are off, by target. */
static DEFINE_PER_CPU(struct llist_head [KVMSIM_MAX_CPUS], ipi_queue);

static void run_single(void *arg)
{
	struct __call_single_node *node = arg;
	call_single_data_t *csd;
	smp_call_func_t func;
	void *info;

	if ((node->u_flags & CSD_FLAG_TYPE_MASK) == CSD_TYPE_IRQ_WORK) {
		irq_work_single(container_of(node, struct irq_work, node));
		return;
	}
	csd = container_of(node, call_single_data_t, node);
	func = csd->func;
	info = csd->info;
	/* The releases pair with the acquire in smp_call_function_single_async(): csd may be used again. */
	if ((node->u_flags & CSD_FLAG_TYPE_MASK) == CSD_TYPE_ASYNC) {
		smp_store_release(&csd->node.u_flags, csd->node.u_flags & ~CSD_FLAG_LOCK);
		func(info);
	} else {
		func(info);
		smp_store_release(&csd->node.u_flags, csd->node.u_flags & ~CSD_FLAG_LOCK);
	}
}

/* Interrupts are on: sends what could not be sent while they were off, and runs what this CPU asked of itself. */
static void run_deferred(struct kshim_cpu *c)
{
	struct llist_node *node, *next;
	unsigned int i;

	if (xchg(&c->irq_work_raised, 0))
		kshim_interrupt(c, run_irq_work, NULL);
	if (!llist_del_all(&c->deferred))
		return;
	for (i = 0; i < kshim_nr_cpus; i++) {
		node = llist_reverse_order(llist_del_all(&per_cpu(ipi_queue, c->id)[i]));
		for (; node; node = next) {
			next = node->next;
			kshim_interrupt(&kshim_cpus[i], run_single,
					llist_entry(node, struct __call_single_node, llist));
		}
	}
}

/* kernel/smp.c: the way of asynchronous calls and of irq_work to another CPU. Interrupts may be off. */
FAITHFUL(__smp_call_single_queue, "kernel/smp.c");
void __smp_call_single_queue(int cpu, struct llist_node *node)
{
	static DEFINE_PER_CPU(struct llist_node, mark);
	struct kshim_cpu *c = kshim_cpu;

	if (!kshim_irqs_off) {
		kshim_interrupt(&kshim_cpus[cpu], run_single, llist_entry(node, struct __call_single_node, llist));
		return;
	}
	llist_add(node, &per_cpu(ipi_queue, c->id)[cpu]);
	if (llist_empty(&c->deferred))
		llist_add(&per_cpu(mark, c->id), &c->deferred);
}

/* --- softirqs --- */

static struct task_struct *softirq_owner;	/* the one thread that runs callbacks now */

static bool softirq_try(struct task_struct *t)
{
	struct task_struct *none = NULL;

	/* Pairs with the release in kshim_softirq_exit(). */
	return __atomic_compare_exchange_n(&softirq_owner, &none, t, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool kshim_softirq_enter(struct kshim_softirq *s, bool wait)
{
	struct task_struct *t = kshim_cpu->softirq;

	if (kshim_irqs_off || in_interrupt() || READ_ONCE(softirq_owner) == t)
		return false;
	if (!softirq_try(t)) {
		if (!wait)
			return false;
		kshim_spin_until("callbacks that another thread runs", &softirq_owner, softirq_try(t));
	}
	s->task = current;
	s->preempt_count = kshim_preempt_count;
	kshim_current = t;
	kshim_preempt_count = 0;
	__local_bh_disable_ip(_RET_IP_, SOFTIRQ_OFFSET);
	lockdep_softirq_enter();
	return true;
}

void kshim_softirq_exit(struct kshim_softirq *s)
{
	lockdep_softirq_exit();
	local_irq_disable();
	lockdep_softirqs_on(_RET_IP_);
	__preempt_count_sub(SOFTIRQ_OFFSET);
	local_irq_enable();
	if (kshim_preempt_count || current->lockdep_depth)
		host_report(KVMSIM_WARN, NULL, 0,
			    "a timer or RCU callback returned with preempt count %#x and %d locks held",
			    kshim_preempt_count, current->lockdep_depth);
	kshim_current = s->task;
	kshim_preempt_count = s->preempt_count;
	/* Pairs with the acquire in softirq_try(). */
	__atomic_store_n(&softirq_owner, NULL, __ATOMIC_RELEASE);
}

FAITHFUL(__local_bh_disable_ip, "kernel/softirq.c");
void __local_bh_disable_ip(unsigned long ip, unsigned int cnt)
{
	unsigned long flags;
	bool outermost;

	WARN_ON_ONCE(in_hardirq());
	raw_local_irq_save(flags);
	outermost = !softirq_count();
	__preempt_count_add(cnt);	/* before lockdep looks */
	if (outermost)
		lockdep_softirqs_off(ip);
	raw_local_irq_restore(flags);
}

FAITHFUL(__local_bh_enable_ip, "kernel/softirq.c");
void __local_bh_enable_ip(unsigned long ip, unsigned int cnt)
{
	WARN_ON_ONCE(in_hardirq());
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	if (softirq_count() == SOFTIRQ_DISABLE_OFFSET)
		lockdep_softirqs_on(ip);
	__preempt_count_sub(cnt);
	local_irq_enable();
}

FAITHFUL(_local_bh_enable, "kernel/softirq.c");
void _local_bh_enable(void)
{
	WARN_ON_ONCE(in_hardirq());
	lockdep_assert_irqs_disabled();
	if (softirq_count() == SOFTIRQ_DISABLE_OFFSET)
		lockdep_softirqs_on(_RET_IP_);
	__preempt_count_sub(SOFTIRQ_DISABLE_OFFSET);
}

/* --- the flag, as lockdep sees it --- */

REDUCED(trace_hardirqs_on_prepare, "kernel/trace/trace_preemptirq.c", "no irq_enable trace event");
void trace_hardirqs_on_prepare(void)
{
}

REDUCED(trace_hardirqs_off_finish, "kernel/trace/trace_preemptirq.c", "no irq_disable trace event");
void trace_hardirqs_off_finish(void)
{
}

REDUCED(trace_hardirqs_on, "kernel/trace/trace_preemptirq.c", "no irq_enable trace event");
void trace_hardirqs_on(void)
{
	lockdep_hardirqs_on_prepare();
	lockdep_hardirqs_on(_RET_IP_);
}

REDUCED(trace_hardirqs_off, "kernel/trace/trace_preemptirq.c", "no irq_disable trace event");
void trace_hardirqs_off(void)
{
	lockdep_hardirqs_off(_RET_IP_);
}

void kshim_irq_boot(void)
{
	unsigned int i;

	for (i = 0; i < kshim_nr_cpus; i++)
		per_cpu(hardirqs_enabled, i) = 1;
}
