// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy waits; the count of threads that can go on and what happens when none can; the reports of a deadlock and of a
 * scenario that did not end in time.
 *
 * A native thread either runs, sleeps (parked in schedule()) or waits busily. `progress` changes whenever a thread
 * changes between these states. When no thread runs and every busy waiter has found its condition false again since the
 * last change, only work items, callbacks and timers can change anything. A sleeper then looks for those. Looking for
 * work is not progress; finding some is. A thread that finds none has detected a deadlock.
 *
 * Threads outside may come in at any time. With them there is no deadlock, and virtual time does not leap to the next
 * timer: a thread outside may be about to do what a sleeper waits for. It passes in ticks, as on an idle CPU.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include "internal.h"

#define SHORT_WAIT 64	/* turns before a busy wait counts */
#define IDLE_LIMIT (24 * 3600 * NSEC_PER_SEC)	/* of virtual time */
#define RELAX_TURNS 32		/* cpu_relax() calls until the host CPU is yielded */
#define RELAX_NS (RELAX_TURNS * 40)	/* virtual time that they take: PAUSE takes some 140 cycles on current CPUs */

uint64_t kshim_nr_spin_waits;
void (*kshim_scheduler)(enum kshim_point kind, const volatile void *ptr);

static struct host_lock lock;	/* guards everything below */
static unsigned int running, spinning;
static unsigned int outside;	/* 1: there may be threads outside; `running` counts them as one */
static unsigned long progress;
static unsigned long vote_progress;
static unsigned int votes;

void kshim_thread_runs(void)
{
	host_lock(&lock);
	running++;
	progress++;
	host_unlock(&lock);
}

bool kshim_thread_blocks(void)
{
	bool last;

	host_lock(&lock);
	last = --running == outside && !spinning;
	progress++;
	host_unlock(&lock);
	return last;
}

bool kshim_all_sleep(void)
{
	bool all;

	host_lock(&lock);
	all = running == outside && !spinning;
	host_unlock(&lock);
	return all;
}

void kshim_outside_begin(void)
{
	host_lock(&lock);
	if (!outside) {
		outside = 1;
		running++;
		progress++;
	}
	host_unlock(&lock);
}

bool kshim_outside(void)
{
	return READ_ONCE(outside);
}

unsigned int kshim_tick_us(void)
{
	return kshim_timers_next() == U64_MAX ? 0 : TICK_NSEC / NSEC_PER_USEC;
}

void kshim_tick(u64 since)
{
	if (kshim_all_sleep())
		kshim_time_set(since + TICK_NSEC);
}

void kshim_look_begin(void)
{
	host_lock(&lock);
	running++;
	host_unlock(&lock);
}

/* No vote can be cast while the looker counts as running: votes from before its look are still valid. */
bool kshim_look_end(bool found)
{
	bool hope;

	host_lock(&lock);
	running--;
	hope = found || running > outside || (spinning && (vote_progress != progress || votes != spinning));
	if (found)
		progress++;
	host_unlock(&lock);
	return hope;
}

/* --- what a stuck machine may still do --- */

/*
 * Timers that arm themselves again keep a stuck machine going for ever, with wake-ups that lead nowhere. The limit is
 * IDLE_LIMIT after the last timer that was pending when a thread last returned to user mode. Returns true when it has
 * passed: any single wait of a thread ends before that, however long it is. Only a thread that waits in the kernel
 * again and again, for more than IDLE_LIMIT in total, is taken for a stuck one.
 */
static bool idle_in_vain(void)
{
	static u64 limit, seen;
	u64 returns = 0, last = kshim_timers_last();
	unsigned int i;
	bool vain;

	for (i = 0; i < kshim_nr_cpus; i++)
		returns += READ_ONCE(kshim_cpus[i].returns);
	host_lock(&lock);
	if (!limit || seen != returns) {
		seen = returns;
		limit = last + IDLE_LIMIT;
	}
	vain = kshim_time() > limit;
	host_unlock(&lock);
	return vain;
}

bool kshim_idle_work(void)
{
	u64 next;

	if (kshim_idle_run_one())
		return true;
	next = kshim_timers_next();
	if (kshim_outside() || next == U64_MAX || next <= kshim_time() || idle_in_vain())
		return false;
	kshim_time_set(next);
	kshim_timers_run();
	return true;
}

static void poke(struct task_struct *t, void *arg)
{
	struct kshim_task *k = kshim_task_of(t);
	bool *done = arg;

	/* Pairs with the release in sleep_until_woken(). */
	if (*done || !__atomic_load_n(&k->parked, __ATOMIC_ACQUIRE) ||
	    __atomic_load_n(&k->looking, __ATOMIC_RELAXED) || kshim_worker_driven(k->worker))
		return;
	*done = true;
	/* Pairs with the exchange in sleep_until_woken(). */
	__atomic_store_n(&k->poked, true, __ATOMIC_RELEASE);
	host_unpark(&k->parker);
}

static bool poke_sleeper(void)
{
	bool done = false;

	kshim_task_for_each(poke, &done);
	return done;
}

void kshim_thread_left(void)
{
	poke_sleeper();
}

/* --- busy waits --- */

void kshim_spin_begin(struct kshim_spin *s, const char *what, const volatile void *ptr)
{
	s->what = what;
	s->ptr = ptr;
	s->turns = 0;
	s->seen = s->voted = 0;
	s->outer = NULL;
	__atomic_fetch_add(&kshim_nr_spin_waits, 1, __ATOMIC_RELAXED);
}

static void count_spinner(struct kshim_spin *s)
{
	struct kshim_cpu *c = kshim_thread_cpu;

	if (!c)
		return;
	s->outer = c->spin;
	host_lock(&lock);
	c->spin = s;
	c->thread_task = current;
	running--;
	spinning++;
	progress++;
	s->seen = progress;
	host_unlock(&lock);
}

/* Returns true if everybody is stuck and this thread is the one to act on it. */
static bool vote(struct kshim_spin *s)
{
	bool stuck = false;

	host_lock(&lock);
	if (running == outside && s->seen == progress && s->voted != progress) {
		if (vote_progress != progress) {
			vote_progress = progress;
			votes = 0;
		}
		s->voted = progress;
		stuck = ++votes == spinning;
	}
	s->seen = progress;
	host_unlock(&lock);
	return stuck;
}

/* Runs fn for a busy waiter; fn may wait busily itself. Returns whether fn found something to do. */
static bool run_meanwhile(bool (*fn)(void))
{
	bool found;

	host_lock(&lock);
	running++;
	spinning--;
	host_unlock(&lock);
	found = fn();
	host_lock(&lock);
	running--;
	spinning++;
	if (found)
		progress++;
	host_unlock(&lock);
	return found;
}

static bool next_timers(void)
{
	kshim_time_set(kshim_timers_next());
	return kshim_timers_run() != 0;
}

/* There is no sleeper, but an interrupt may still come, if this thread allows it. */
static bool timer_interrupt(void)
{
	return !kshim_irqs_off && kshim_timers_next() != U64_MAX && !idle_in_vain() && run_meanwhile(next_timers);
}

/* This thread may wait for a work item that slept and was woken. */
static bool resume_work(void)
{
	return !kshim_irqs_off && !preempt_count() && !rcu_preempt_depth() && run_meanwhile(kshim_work_resume_one);
}

static bool due_timers(void)
{
	return kshim_timers_run() != 0;
}

/* Only threads outside, or time, can change anything now. */
static void idle_tick(void)
{
	u64 begin = kshim_time();
	unsigned int us = kshim_tick_us();

	if (us) {
		host_nap(us);
		host_lock(&lock);
		if (running == outside)
			kshim_time_set(begin + TICK_NSEC);
		progress++;	/* so that there is a next tick */
		host_unlock(&lock);
	}
	if (kshim_idle_pending() && !poke_sleeper() && !resume_work() && !kshim_irqs_off)
		run_meanwhile(due_timers);
}

static void stuck(void)
{
	if (kshim_outside()) {
		idle_tick();
		return;
	}
	if (kshim_idle_pending() && (poke_sleeper() || resume_work() || timer_interrupt()))
		return;
	kshim_deadlock("every thread waits for another one");
}

void kshim_spin_turn(struct kshim_spin *s)
{
	kshim_sched_point(KSHIM_PT_SPIN, s->ptr);
	if (++s->turns < SHORT_WAIT) {
		kshim_spin_pause();
		return;
	}
	if (s->turns == SHORT_WAIT) {
		count_spinner(s);
		host_spin_wait();
		return;		/* to look once more: what it waited for may have come before it was counted */
	}
	host_spin_wait();
	if (s->turns % 16 == 0 && kshim_thread_cpu && vote(s))
		stuck();
}

void kshim_spin_end(struct kshim_spin *s)
{
	struct kshim_cpu *c = kshim_thread_cpu;

	if (s->turns < SHORT_WAIT || !c)
		return;
	host_lock(&lock);
	c->spin = s->outer;
	running++;
	spinning--;
	progress++;
	host_unlock(&lock);
}

/*
 * Kernel loops that wait busily have time limits (rwsem_optimistic_spin()) or wait for a task that sleeps until a
 * timer. So virtual time advances meanwhile, and a timer that expires interrupts the loop if interrupts are on.
 */
static void time_goes_on(u64 ns)
{
	kshim_time_pass(ns);
	kshim_timers_run();
}

void kshim_back_off(unsigned int failures)
{
	unsigned int us = min(failures, 6400U);

	kshim_sched_point(KSHIM_PT_SPIN, NULL);
	if (failures && failures % 64 == 0) {
		host_nap(us);
		time_goes_on(us * NSEC_PER_USEC);
	}
}

void kshim_cpu_relax(void)
{
	static __thread unsigned int turns;

	kshim_sched_point(KSHIM_PT_SPIN, NULL);
	if (++turns % RELAX_TURNS) {
		kshim_spin_pause();
		return;
	}
	host_spin_wait();
	time_goes_on(RELAX_NS);
}

/* --- reports --- */

struct text {
	char buf[4096];
	int len;
	const void *ips[KVMSIM_MAX_FRAMES];
	unsigned int nr_ips;
};

static __printf(2, 3) void add(struct text *x, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	x->len += vscnprintf(x->buf + x->len, sizeof(x->buf) - x->len, fmt, args);
	va_end(args);
}

static void add_locks(struct text *x, struct task_struct *t)
{
	int i;

	for (i = 0; i < t->lockdep_depth && i < MAX_LOCK_DEPTH; i++) {
		struct held_lock *h = &t->held_locks[i];

		add(x, "%s%s%s", i ? ", " : "; holds ", h->instance ? h->instance->name : "?",
		    h->read ? " (read)" : "");
		if (x->nr_ips < KVMSIM_MAX_FRAMES)
			x->ips[x->nr_ips++] = (void *)h->acquire_ip;
	}
	add(x, "\n");
}

static void add_sleeper(struct task_struct *t, void *arg)
{
	struct kshim_task *k = kshim_task_of(t);
	struct text *x = arg;

	/* Pairs with the release in sleep_until_woken(): wait_ip and the held locks. */
	if (!__atomic_load_n(&k->parked, __ATOMIC_ACQUIRE))
		return;
	add(x, "%s/%d sleeps (state %#x)", t->comm, t->pid, READ_ONCE(t->__state));
	if (x->nr_ips < KVMSIM_MAX_FRAMES)
		x->ips[x->nr_ips++] = k->wait_ip;
	add_locks(x, t);
}

__noreturn void kshim_deadlock(const char *why)
{
	static struct text x;
	struct kshim_cpu *c;

	add(&x, "deadlock: %s\n", why);
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++) {
		if (!c->spin)
			continue;
		add(&x, "%s/%d on CPU %u waits busily for: %s", c->thread_task->comm, c->thread_task->pid, c->id,
		    c->spin->what);
		add_locks(&x, c->thread_task);
	}
	kshim_task_for_each(add_sleeper, &x);
	if (x.len && x.buf[x.len - 1] == '\n')
		x.buf[--x.len] = 0;
	host_report_frames(KVMSIM_DEADLOCK, x.ips, x.nr_ips, "%s", x.buf);
	host_fatal(KVMSIM_DEADLOCK, NULL, 0, "a report of a deadlock returned");
}

/* Runs on the thread itself, wherever it is. */
static void report_thread(void *pc)
{
	struct kshim_cpu *c = kshim_thread_cpu;
	struct task_struct *t = current;
	struct text x = {};

	if (!c || !t)
		return;
	add(&x, "timed out: %s/%d on CPU %u ", t->comm, t->pid, kshim_cpu->id);
	if (kshim_task_of(t)->parked)
		add(&x, "sleeps (state %#x)", READ_ONCE(t->__state));
	else if (c->spin)
		add(&x, "waits busily for: %s", c->spin->what);
	else
		add(&x, "runs");
	if (kshim_preempt_count)
		add(&x, ", preempt count %#x", kshim_preempt_count);
	if (kshim_irqs_off)
		add(&x, ", interrupts off");
	if (c->rcu_depth)
		add(&x, ", in an RCU section");
	add_locks(&x, t);
	x.buf[x.len - 1] = 0;
	host_report_from(pc, KVMSIM_TIMEOUT, NULL, 0, "%s", x.buf);
}

__noreturn void kshim_endless_call(void)
{
	struct kshim_cpu *c, *self = kshim_thread_cpu;
	struct task_struct *t = current;

	kshim_call_begins();	/* the report takes locks, too */
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++)
		if (c != self && c->native)
			host_call_on_thread(c->native, report_thread);
	host_fatal(KVMSIM_DEADLOCK, NULL, 0, "endless call: %s/%d on CPU %u has taken more than %u locks in one call",
		   t->comm, t->pid, self->id, KSHIM_CALL_LOCKS);
}

/* Reads only what needs none of the machine's locks, because a stuck thread may hold them. */
__no_sanitize_thread
void kshim_timed_out(void)
{
	struct kshim_cpu *c;
	struct text x = {};

	add(&x, "timed out: %u threads run, %u wait busily; virtual time is %llu ns\n", READ_ONCE(running),
	    READ_ONCE(spinning), kshim_time());
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++)
		if (c->irq_lock || c->wanted)
			add(&x, "CPU %u: interrupts %s, %u threads wait for it\n", c->id, c->irq_lock ? "off" : "on",
			    c->wanted);
	x.buf[x.len - 1] = 0;
	host_report_frames(KVMSIM_TIMEOUT, NULL, 0, "%s", x.buf);
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++)
		if (c->native && !host_call_on_thread(c->native, report_thread))
			host_report_frames(KVMSIM_TIMEOUT, NULL, 0, "timed out: the thread of CPU %u does not answer",
					   c->id);
}
