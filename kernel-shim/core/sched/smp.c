// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls from one simulated CPU to others (kernel/smp.c), CPU hotplug states (kernel/cpu.c) on CPUs that are always
 * online, and the syscore list.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/smp.h>
#include <linux/syscore_ops.h>
#include <kshim/form/smp_call_wait.h>
#include "internal.h"

/* --- function calls --- */

struct call {
	smp_call_func_t func;
	void *info;
};

static void run_call(void *arg)
{
	struct call *call = arg;

	call->func(call->info);
}

static void call_self(smp_call_func_t func, void *info)
{
	unsigned long flags;

	local_irq_save(flags);
	func(info);
	local_irq_restore(flags);
}

static bool is_online(int cpu)
{
	return (unsigned int)cpu < nr_cpu_ids && cpu_online(cpu);
}

/* kernel/smp.c's own check: a CPU that may wait for an interrupt must let others in. */
static void check_may_call(void)
{
	if (!oops_in_progress && !early_boot_irqs_disabled)
		WARN_ON_ONCE(irqs_disabled());
	WARN_ON_ONCE(!in_task());
}

static void call_many(const struct cpumask *mask, smp_call_func_t func, void *info, smp_cond_func_t cond, bool self)
{
	struct call call = { .func = func, .info = info };
	int this_cpu = smp_processor_id(), cpu;
	bool others = false;

	lockdep_assert_preemption_disabled();
	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		if (cpu == this_cpu || (cond && !cond(cpu, info)))
			continue;
		if (!others)
			check_may_call();
		others = true;
		kshim_interrupt(&kshim_cpus[cpu], run_call, &call);
	}
	if (self && cpumask_test_cpu(this_cpu, mask) && (!cond || cond(this_cpu, info)))
		call_self(func, info);
}

REDUCED(smp_call_function_many, "kernel/smp.c kernel/smp.c:smp_call_function_many_cond",
	"the sender's thread makes the calls one by one; on return they are done");
void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait)
{
	call_many(mask, func, info, NULL, false);
}

REDUCED(smp_call_function, "kernel/smp.c", "like smp_call_function_many()");
void smp_call_function(smp_call_func_t func, void *info, int wait)
{
	preempt_disable();
	call_many(cpu_online_mask, func, info, NULL, false);
	preempt_enable();
}

REDUCED(on_each_cpu_cond_mask, "kernel/smp.c kernel/smp.c:smp_call_function_many_cond",
	"like smp_call_function_many()");
void on_each_cpu_cond_mask(smp_cond_func_t cond_func, smp_call_func_t func, void *info, bool wait,
			   const struct cpumask *mask)
{
	preempt_disable();
	call_many(mask, func, info, cond_func, true);
	preempt_enable();
}

REDUCED(smp_call_function_single, "kernel/smp.c",
	"the sender's thread makes the call; it is done on return even without wait");
int smp_call_function_single(int cpu, smp_call_func_t func, void *info, KSHIM_SMP_CALL_WAIT wait)
{
	struct call call = { .func = func, .info = info };
	int ret = 0;

	preempt_disable();
	if (cpu == smp_processor_id()) {
		call_self(func, info);
	} else if (is_online(cpu)) {
		check_may_call();
		kshim_interrupt(&kshim_cpus[cpu], run_call, &call);
	} else {
		ret = -ENXIO;
	}
	preempt_enable();
	return ret;
}

REDUCED(smp_call_function_any, "kernel/smp.c", "always this CPU if it is in the mask, else the first one");
int smp_call_function_any(const struct cpumask *mask, smp_call_func_t func, void *info, int wait)
{
	int cpu, ret;

	preempt_disable();
	cpu = smp_processor_id();
	if (!cpumask_test_cpu(cpu, mask))
		cpu = cpumask_first_and(mask, cpu_online_mask);
	ret = smp_call_function_single(cpu, func, info, wait);
	preempt_enable();
	return ret;
}

FAITHFUL(smp_call_function_single_async, "kernel/smp.c");
int smp_call_function_single_async(int cpu, call_single_data_t *csd)
{
	int ret = 0;

	preempt_disable();
	/* Pairs with the releases in run_single(). */
	if (smp_load_acquire(&csd->node.u_flags) & CSD_FLAG_LOCK) {
		ret = -EBUSY;
	} else {
		csd->node.u_flags = CSD_FLAG_LOCK;
		if (cpu == smp_processor_id()) {
			csd->node.u_flags = 0;
			call_self(csd->func, csd->info);
		} else if (is_online(cpu)) {
			__smp_call_single_queue(cpu, &csd->node.llist);
		} else {
			csd->node.u_flags = 0;
			ret = -ENXIO;
		}
	}
	preempt_enable();
	return ret;
}

static void nothing(void *unused)
{
}

FAITHFUL(kick_all_cpus_sync, "kernel/smp.c");
void kick_all_cpus_sync(void)
{
	/* Orders the caller's change before the interrupts, whose irq_lock orders the targets. */
	smp_mb();
	smp_call_function(nothing, NULL, 1);
}

INERT_VOID(wake_up_if_idle, "kernel/sched/core.c", "there is no idle loop that a CPU could be woken from");

/* --- hotplug: all CPUs are online from boot to end --- */

FAITHFUL(cpu_hotplug_lock, "kernel/cpu.c");
DEFINE_STATIC_PERCPU_RWSEM(cpu_hotplug_lock);

FAITHFUL(cpus_read_lock, "kernel/cpu.c");
void cpus_read_lock(void)
{
	percpu_down_read(&cpu_hotplug_lock);
}

FAITHFUL(cpus_read_trylock, "kernel/cpu.c");
int cpus_read_trylock(void)
{
	return percpu_down_read_trylock(&cpu_hotplug_lock);
}

FAITHFUL(cpus_read_unlock, "kernel/cpu.c");
void cpus_read_unlock(void)
{
	percpu_up_read(&cpu_hotplug_lock);
}

FAITHFUL(cpus_write_lock, "kernel/cpu.c");
void cpus_write_lock(void)
{
	percpu_down_write(&cpu_hotplug_lock);
}

FAITHFUL(cpus_write_unlock, "kernel/cpu.c");
void cpus_write_unlock(void)
{
	percpu_up_write(&cpu_hotplug_lock);
}

FAITHFUL(lockdep_assert_cpus_held, "kernel/cpu.c");
void lockdep_assert_cpus_held(void)
{
	percpu_rwsem_assert_held(&cpu_hotplug_lock);
}

FAITHFUL(lockdep_is_cpus_held, "kernel/cpu.c");
int lockdep_is_cpus_held(void)
{
	return percpu_rwsem_is_held(&cpu_hotplug_lock);
}

/* kernel/cpu.c: what cpuhp_init_state() and the static table know about a state. */
struct hp_state {
	const char *name;
	int (*startup)(unsigned int cpu);
	int (*teardown)(unsigned int cpu);
	bool multi;
	struct hlist_head nodes;	/* of a multi-instance state */
};

static struct hp_state hp_states[CPUHP_ONLINE + 1];
static DEFINE_MUTEX(cpuhp_state_mutex);

struct hp_call {
	int (*fn)(unsigned int cpu);
	int (*multi)(unsigned int cpu, struct hlist_node *node);
	struct hlist_node *node;
	unsigned int cpu;
	int ret;
};

static void run_hotplug(void *arg)
{
	struct hp_call *call = arg;

	call->ret = call->multi ? call->multi(call->cpu, call->node) : call->fn(call->cpu);
}

/* Runs there, in the CPU's hotplug thread for the states that the kernel runs there. Preemptible, interrupts on. */
static int hotplug_call(unsigned int cpu, struct hp_call call)
{
	call.cpu = cpu;
	kshim_run_on(&kshim_cpus[cpu], kshim_cpus[cpu].hotplug, run_hotplug, &call);
	return call.ret;
}

static int reserve_state(enum cpuhp_state state)
{
	enum cpuhp_state s, end;

	if (state != CPUHP_AP_ONLINE_DYN && state != CPUHP_BP_PREPARE_DYN)
		return hp_states[state].name ? -EBUSY : state;
	end = state == CPUHP_AP_ONLINE_DYN ? CPUHP_AP_ONLINE_DYN_END : CPUHP_BP_PREPARE_DYN_END;
	for (s = state; s <= end; s++)
		if (!hp_states[s].name)
			return s;
	return -ENOSPC;
}

FAITHFUL(__cpuhp_setup_state_cpuslocked, "kernel/cpu.c");
int __cpuhp_setup_state_cpuslocked(enum cpuhp_state state, const char *name, bool invoke,
				   int (*startup)(unsigned int cpu), int (*teardown)(unsigned int cpu),
				   bool multi_instance)
{
	bool dynamic = state == CPUHP_AP_ONLINE_DYN || state == CPUHP_BP_PREPARE_DYN;
	struct hp_state *s;
	int cpu, ret, done;

	lockdep_assert_cpus_held();
	if (state <= CPUHP_OFFLINE || state >= CPUHP_ONLINE || !name)
		return -EINVAL;
	mutex_lock(&cpuhp_state_mutex);
	ret = reserve_state(state);
	if (ret < 0)
		goto out;
	state = ret;
	s = &hp_states[state];
	*s = (struct hp_state){ .name = name, .startup = startup, .teardown = teardown, .multi = multi_instance };
	ret = 0;
	if (!invoke || !startup)
		goto out;
	for_each_online_cpu(cpu) {
		ret = hotplug_call(cpu, (struct hp_call){ .fn = startup });
		if (!ret)
			continue;
		for_each_online_cpu(done) {
			if (done == cpu)
				break;
			if (teardown)
				hotplug_call(done, (struct hp_call){ .fn = teardown });
		}
		*s = (struct hp_state){ 0 };
		break;
	}
out:
	mutex_unlock(&cpuhp_state_mutex);
	return !ret && dynamic ? state : ret;
}

FAITHFUL(__cpuhp_setup_state, "kernel/cpu.c");
int __cpuhp_setup_state(enum cpuhp_state state, const char *name, bool invoke, int (*startup)(unsigned int cpu),
			int (*teardown)(unsigned int cpu), bool multi_instance)
{
	int ret;

	cpus_read_lock();
	ret = __cpuhp_setup_state_cpuslocked(state, name, invoke, startup, teardown, multi_instance);
	cpus_read_unlock();
	return ret;
}

FAITHFUL(__cpuhp_remove_state_cpuslocked, "kernel/cpu.c");
void __cpuhp_remove_state_cpuslocked(enum cpuhp_state state, bool invoke)
{
	struct hp_state *s = &hp_states[state];
	int cpu;

	lockdep_assert_cpus_held();
	mutex_lock(&cpuhp_state_mutex);
	WARN(s->multi && !hlist_empty(&s->nodes), "Error: Removing state %d which has instances left.\n", state);
	if (invoke && s->teardown)
		for_each_online_cpu(cpu)
			hotplug_call(cpu, (struct hp_call){ .fn = s->teardown });
	*s = (struct hp_state){ 0 };
	mutex_unlock(&cpuhp_state_mutex);
}

void kshim_drop_cpu_caches(void)
{
	struct hp_state *s = &hp_states[CPUHP_RADIX_DEAD];
	int cpu;

	for_each_online_cpu(cpu)
		if (s->teardown)
			s->teardown(cpu);
}

FAITHFUL(__cpuhp_remove_state, "kernel/cpu.c");
void __cpuhp_remove_state(enum cpuhp_state state, bool invoke)
{
	cpus_read_lock();
	__cpuhp_remove_state_cpuslocked(state, invoke);
	cpus_read_unlock();
}

FAITHFUL(__cpuhp_state_add_instance, "kernel/cpu.c");
int __cpuhp_state_add_instance(enum cpuhp_state state, struct hlist_node *node, bool invoke)
{
	struct hp_state *s = &hp_states[state];
	int cpu, done, ret = 0;

	if (!s->multi)
		return -EINVAL;
	cpus_read_lock();
	mutex_lock(&cpuhp_state_mutex);
	if (invoke && s->startup) {
		for_each_online_cpu(cpu) {
			ret = hotplug_call(cpu, (struct hp_call){ .multi = (void *)s->startup, .node = node });
			if (ret)
				break;
		}
		for_each_online_cpu(done) {
			if (!ret || done == cpu)
				break;
			if (s->teardown)
				hotplug_call(done, (struct hp_call){ .multi = (void *)s->teardown, .node = node });
		}
	}
	if (!ret)
		hlist_add_head(node, &s->nodes);
	mutex_unlock(&cpuhp_state_mutex);
	cpus_read_unlock();
	return ret;
}

FAITHFUL(__cpuhp_state_remove_instance, "kernel/cpu.c");
int __cpuhp_state_remove_instance(enum cpuhp_state state, struct hlist_node *node, bool invoke)
{
	struct hp_state *s = &hp_states[state];
	int cpu;

	if (!s->multi)
		return -EINVAL;
	cpus_read_lock();
	mutex_lock(&cpuhp_state_mutex);
	if (invoke && s->teardown)
		for_each_online_cpu(cpu)
			hotplug_call(cpu, (struct hp_call){ .multi = (void *)s->teardown, .node = node });
	hlist_del(node);
	mutex_unlock(&cpuhp_state_mutex);
	cpus_read_unlock();
	return 0;
}

/*
 * --- drivers/base/syscore.c: kept, never called, because the machine neither suspends nor reboots; what is registered,
 * a structure or its functions: compat/<form>/struct_syscore ---
 */

static LIST_HEAD(syscore_list);
static DEFINE_MUTEX(syscore_lock);

void kshim_syscore_add(struct list_head *node)
{
	mutex_lock(&syscore_lock);
	list_add_tail(node, &syscore_list);
	mutex_unlock(&syscore_lock);
}

void kshim_syscore_del(struct list_head *node)
{
	mutex_lock(&syscore_lock);
	list_del(node);
	mutex_unlock(&syscore_lock);
}
