// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kworkers: tasks that run work items, each on a native thread of its own, so that an item that sleeps holds up nobody
 * else.
 *
 * Such a thread never runs beside others. A thread that wants an item to run (the driver) stops for a turn, which lasts
 * until the item ends or sleeps. For the turn it lends the worker its place among the native threads (struct
 * kshim_cpu). An item that has been woken continues when somebody drives it again. So a scenario with one thread is
 * deterministic.
 *
 * Threads do not survive a fork: before kshim_workers_begin() an item runs on the thread of the driver itself, and who
 * forks later ends them first (kshim_worker_end()).
 *
 * Invariants: a worker has a turn exactly while a driver waits for it; it is asleep only between two turns of one item.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include "internal.h"

/* On the driver's stack. */
struct kshim_turn {
	struct host_parker over;
	struct kshim_cpu *place;
	bool ended;		/* the item, not only the turn */
};

static bool have_threads;

void kshim_workers_begin(void)
{
	have_threads = true;
}

static void begin_turn(struct kshim_worker *w)
{
	host_park(&w->wanted);
	kshim_take_place(w->turn->place);
}

static void end_turn(struct kshim_worker *w, bool ended)
{
	struct kshim_turn *turn = w->turn;

	kshim_thread_cpu = NULL;
	turn->ended = ended;
	/* From here on somebody else may begin the next turn. Pairs with the acquire in kshim_worker_woken(). */
	if (!ended)
		__atomic_store_n(&w->asleep, true, __ATOMIC_RELEASE);
	host_unpark(&turn->over);
}

static void worker_thread(void *arg)
{
	struct kshim_worker *w = arg;

	host_rcu_register_thread();
	host_oops_thread_attach();
	kshim_current = w->task;
	for (begin_turn(w); w->fn; begin_turn(w)) {
		/* It may wait for that CPU, and what looks at a waiting thread looks at its CPU too. */
		kshim_move_to(w->cpu);
		kshim_run_here(w->cpu, w->task, w->fn, w->arg);
		end_turn(w, true);
	}
	kshim_current = NULL;
	host_oops_thread_detach();
	host_rcu_unregister_thread();
	end_turn(w, true);
}

/* The caller may sleep. Returns whether the item has ended. */
static bool drive(struct kshim_worker *w)
{
	struct kshim_turn turn = { .place = kshim_thread_cpu };
	struct kshim_cpu *home = kshim_cpu;
	bool held = kshim_cpu_held();

	WARN_ON_ONCE(kshim_irqs_off);
	if (held)
		kshim_cpu_release(home);
	w->turn = &turn;
	if (!w->has_thread) {
		w->has_thread = true;
		host_thread_start(worker_thread, w);
	}
	host_unpark(&w->wanted);
	host_park(&turn.over);
	kshim_take_place(turn.place);
	if (held)
		kshim_cpu_acquire(home, current);
	return turn.ended;
}

void kshim_worker_init(struct kshim_worker *w, const char *name)
{
	w->task = kshim_task_new(name, 0, PF_KTHREAD | PF_WQ_WORKER);
	BUG_ON(!w->task);
	kshim_task_of(w->task)->worker = w;
}

bool kshim_worker_run(struct kshim_worker *w, struct kshim_cpu *cpu, void (*fn)(void *arg), void *arg)
{
	if (!have_threads) {
		kshim_run_on(cpu, w->task, fn, arg);
		return true;
	}
	w->cpu = cpu;
	w->fn = fn;
	w->arg = arg;
	return drive(w);
}

bool kshim_worker_woken(struct kshim_worker *w)
{
	/* asleep pairs with the release in end_turn(), parked with the one in try_to_wake_up(). */
	return __atomic_load_n(&w->asleep, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&kshim_task_of(w->task)->parked, __ATOMIC_ACQUIRE);
}

bool kshim_worker_resume(struct kshim_worker *w)
{
	return drive(w);
}

void kshim_worker_end(struct kshim_worker *w)
{
	struct kshim_turn turn = { .place = kshim_thread_cpu };

	if (!w->has_thread)
		return;
	w->turn = &turn;
	w->fn = NULL;
	host_unpark(&w->wanted);
	host_park(&turn.over);
	kshim_take_place(turn.place);
	w->has_thread = false;
}

bool kshim_worker_driven(struct kshim_worker *w)
{
	return w && w->has_thread;
}

void kshim_worker_sleep(struct kshim_worker *w)
{
	end_turn(w, false);
	begin_turn(w);
}
