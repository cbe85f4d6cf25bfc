// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timers and high-resolution timers on virtual time (kernel/time/{timer,hrtimer}.c).
 *
 * One list of timers in order of expiry and one queue of hrtimers per clock serve all CPUs: a timer runs on the CPU of
 * the thread that finds it. Nothing expires by itself: see core/sched/time.c.
 *
 * Invariants: timer_list.entry is hashed if and only if the timer is pending; hrtimer.state is ENQUEUED if and only if
 * the hrtimer is in its base's queue; `current_timer` and base->running are what runs now.
 */
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <kshim/form/hrtimer_setup.h>
#include "internal.h"

static HLIST_HEAD(timers);
static struct timer_list *current_timer;
static struct host_lock lock;	/* guards the list, the queues and what runs */

/* --- timer_list --- */

static u64 when(struct timer_list *timer)
{
	s64 ticks = timer->expires - (unsigned long)INITIAL_JIFFIES;

	return ticks <= 0 ? 0 : (u64)ticks * TICK_NSEC;
}

static void insert(struct timer_list *timer)
{
	struct hlist_node *at, *last = NULL;

	hlist_for_each(at, &timers) {
		if (time_after(hlist_entry(at, struct timer_list, entry)->expires, timer->expires))
			break;
		last = at;
	}
	if (last)
		hlist_add_behind(&timer->entry, last);
	else
		hlist_add_head(&timer->entry, &timers);
}

static bool detach(struct timer_list *timer)
{
	if (!timer_pending(timer))
		return false;
	__hlist_del(&timer->entry);
	timer->entry.pprev = NULL;
	return true;
}

/* The kernel's init_timer_key(), whose name and definition are in compat/<form>/timer_init. */
void kshim_timer_init(struct timer_list *timer, void (*func)(struct timer_list *), unsigned int flags, const char *name,
		      struct lock_class_key *key)
{
	WARN_ON_ONCE(flags & ~TIMER_INIT_FLAGS);
	timer->flags = (flags & TIMER_INIT_FLAGS) | raw_smp_processor_id();
	timer->function = func;
	timer->entry.pprev = NULL;	/* not pending */
	lockdep_init_map(&timer->lockdep_map, name, key, 0);
}

/* A timer without a function has been shut down and never starts again. */
static int modify(struct timer_list *timer, unsigned long expires, bool pending_only, bool reduce)
{
	bool was = false;

	host_lock(&lock);
	if (timer->function && !(pending_only && !timer_pending(timer)) &&
	    !(reduce && timer_pending(timer) && time_before_eq(timer->expires, expires))) {
		was = detach(timer);
		timer->expires = expires;
		insert(timer);
	} else if (reduce) {
		was = timer_pending(timer);
	}
	host_unlock(&lock);
	return was;
}

FAITHFUL(mod_timer, "kernel/time/timer.c kernel/time/timer.c:__mod_timer");
int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, false, false);
}

FAITHFUL(mod_timer_pending, "kernel/time/timer.c kernel/time/timer.c:__mod_timer");
int mod_timer_pending(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, true, false);
}

FAITHFUL(timer_reduce, "kernel/time/timer.c kernel/time/timer.c:__mod_timer");
int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, false, true);
}

FAITHFUL(add_timer, "kernel/time/timer.c kernel/time/timer.c:__mod_timer");
void add_timer(struct timer_list *timer)
{
	if (WARN_ON_ONCE(timer_pending(timer)))
		return;
	modify(timer, timer->expires, false, false);
}

FAITHFUL(add_timer_local, "kernel/time/timer.c");
void add_timer_local(struct timer_list *timer)
{
	if (WARN_ON_ONCE(timer_pending(timer)))
		return;
	timer->flags |= TIMER_PINNED;
	modify(timer, timer->expires, false, false);
}

FAITHFUL(add_timer_global, "kernel/time/timer.c");
void add_timer_global(struct timer_list *timer)
{
	if (WARN_ON_ONCE(timer_pending(timer)))
		return;
	timer->flags &= ~TIMER_PINNED;
	modify(timer, timer->expires, false, false);
}

REDUCED(add_timer_on, "kernel/time/timer.c", "the timer runs on any CPU");
void add_timer_on(struct timer_list *timer, int cpu)
{
	add_timer(timer);
}

FAITHFUL(timer_delete, "kernel/time/timer.c kernel/time/timer.c:__timer_delete");
int timer_delete(struct timer_list *timer)
{
	bool was;

	host_lock(&lock);
	was = detach(timer);
	host_unlock(&lock);
	return was;
}

static bool not_running(struct timer_list *timer)
{
	/* Pairs with the release in kshim_timers_run(): the callback has ended. */
	return __atomic_load_n(&current_timer, __ATOMIC_ACQUIRE) != timer;
}

FAITHFUL(try_to_del_timer_sync, "kernel/time/timer.c kernel/time/timer.c:__try_to_del_timer_sync");
int try_to_del_timer_sync(struct timer_list *timer)
{
	int ret = -1;

	/* Nobody takes the timer to run it between the look and the removal. */
	host_lock(&lock);
	if (not_running(timer))
		ret = detach(timer);
	host_unlock(&lock);
	return ret;
}

static int delete_sync(struct timer_list *timer, bool shutdown)
{
	unsigned long flags;
	bool was;

	local_irq_save(flags);
	lock_map_acquire(&timer->lockdep_map);
	lock_map_release(&timer->lockdep_map);
	local_irq_restore(flags);
	WARN_ON(in_hardirq() && !(timer->flags & TIMER_IRQSAFE));
	host_lock(&lock);
	was = detach(timer);
	if (shutdown)
		timer->function = NULL;
	host_unlock(&lock);
	kshim_spin_until("a timer callback", timer, not_running(timer));
	/* The callback may have armed it again. */
	host_lock(&lock);
	was |= detach(timer);
	host_unlock(&lock);
	return was;
}

FAITHFUL(timer_delete_sync, "kernel/time/timer.c kernel/time/timer.c:__timer_delete_sync");
int timer_delete_sync(struct timer_list *timer)
{
	return delete_sync(timer, false);
}

FAITHFUL(timer_shutdown_sync, "kernel/time/timer.c kernel/time/timer.c:__timer_delete_sync");
int timer_shutdown_sync(struct timer_list *timer)
{
	return delete_sync(timer, true);
}

FAITHFUL(timer_shutdown, "kernel/time/timer.c kernel/time/timer.c:__timer_delete");
int timer_shutdown(struct timer_list *timer)
{
	bool was;

	host_lock(&lock);
	was = detach(timer);
	timer->function = NULL;
	host_unlock(&lock);
	return was;
}

static void run_timer(struct timer_list *timer)
{
	void (*fn)(struct timer_list *) = timer->function;
	struct lockdep_map map;
	unsigned long flags = 0;
	bool irqsafe = timer->flags & TIMER_IRQSAFE;

	lockdep_copy_map(&map, &timer->lockdep_map);
	if (irqsafe)
		local_irq_save(flags);
	lock_map_acquire(&map);
	if (fn)
		fn(timer);
	lock_map_release(&map);
	if (irqsafe)
		local_irq_restore(flags);
}

/* --- hrtimer --- */

static ktime_t clock_real(void)
{
	return ktime_get_with_offset(TK_OFFS_REAL);
}

static ktime_t clock_tai(void)
{
	return ktime_get_with_offset(TK_OFFS_TAI);
}

static struct hrtimer_clock_base bases[] = {
	KSHIM_CLOCK_BASE(0, CLOCK_MONOTONIC, ktime_get),
	KSHIM_CLOCK_BASE(1, CLOCK_REALTIME, clock_real),
	KSHIM_CLOCK_BASE(2, CLOCK_BOOTTIME, ktime_get),
	KSHIM_CLOCK_BASE(3, CLOCK_TAI, clock_tai),
};

FAITHFUL(hrtimer_resolution, "kernel/time/hrtimer.c");
unsigned int hrtimer_resolution = 1;

/* The clock's reading at boot, ns. */
static s64 base_offset(struct hrtimer_clock_base *base)
{
	if (base->clockid == CLOCK_REALTIME)
		return ktime_mono_to_any(0, TK_OFFS_REAL);
	return base->clockid == CLOCK_TAI ? ktime_mono_to_any(0, TK_OFFS_TAI) : 0;
}

FAITHFUL(ktime_add_safe, "kernel/time/hrtimer.c");
ktime_t ktime_add_safe(const ktime_t lhs, const ktime_t rhs)
{
	ktime_t res = ktime_add_unsafe(lhs, rhs);

	return res < 0 || res < lhs || res < rhs ? KTIME_MAX : res;
}

/* What the kernel's hrtimer_init() does; its name and definition are in compat/<form>/hrtimer_setup. */
void kshim_hrtimer_init(struct hrtimer *timer, clockid_t clock_id, enum hrtimer_mode mode)
{
	unsigned int i;

	if (clock_id == CLOCK_REALTIME && mode & HRTIMER_MODE_REL)
		clock_id = CLOCK_MONOTONIC;
	memset(timer, 0, sizeof(*timer));
	timer->base = &bases[0];
	for (i = 0; i < ARRAY_SIZE(bases); i++)
		if (bases[i].clockid == clock_id)
			timer->base = &bases[i];
	timer->is_soft = !!(mode & HRTIMER_MODE_SOFT);
	timer->is_hard = !!(mode & HRTIMER_MODE_HARD);
	kshim_hrtimer_node_init(timer);
}

static bool dequeue(struct hrtimer *timer)
{
	if (!kshim_hrtimer_queued(timer))
		return false;
	kshim_hrtimer_dequeue(timer);
	return true;
}

FAITHFUL(hrtimer_start_range_ns, "kernel/time/hrtimer.c kernel/time/hrtimer.c:__hrtimer_start_range_ns");
void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t tim, u64 range_ns, const enum hrtimer_mode mode)
{
	if (WARN_ON_ONCE(!kshim_hrtimer_has_function(timer)))
		return;
	if (mode & HRTIMER_MODE_REL)
		tim = ktime_add_safe(tim, hrtimer_cb_get_time(timer));
	host_lock(&lock);
	dequeue(timer);
	hrtimer_set_expires_range_ns(timer, tim, range_ns);
	kshim_hrtimer_enqueue(timer);
	host_unlock(&lock);
}

FAITHFUL(hrtimer_active, "kernel/time/hrtimer.c");
bool hrtimer_active(const struct hrtimer *timer)
{
	return kshim_hrtimer_queued(timer) || READ_ONCE(timer->base->running) == timer;
}

FAITHFUL(hrtimer_try_to_cancel, "kernel/time/hrtimer.c");
int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	int ret = -1;

	host_lock(&lock);
	if (timer->base->running != timer)
		ret = dequeue(timer);
	host_unlock(&lock);
	return ret;
}

FAITHFUL(hrtimer_cancel, "kernel/time/hrtimer.c");
int hrtimer_cancel(struct hrtimer *timer)
{
	int ret;

	kshim_spin_until("an hrtimer callback", timer, (ret = hrtimer_try_to_cancel(timer)) >= 0);
	return ret;
}

FAITHFUL(__hrtimer_get_remaining, "kernel/time/hrtimer.c");
ktime_t __hrtimer_get_remaining(const struct hrtimer *timer, bool adjust)
{
	return hrtimer_expires_remaining(timer);
}

FAITHFUL(hrtimer_forward, "kernel/time/hrtimer.c");
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	s64 period = max_t(s64, interval, hrtimer_resolution), late = now - hrtimer_get_expires(timer);
	u64 periods;

	if (late < 0 || WARN_ON(kshim_hrtimer_queued(timer)))
		return 0;
	/* As few periods as lead past now. */
	periods = late / period + 1;
	hrtimer_add_expires(timer, period * periods);
	return periods;
}

static void run_hard(void *arg)
{
	struct hrtimer *timer = arg;
	enum hrtimer_restart again = kshim_hrtimer_call(timer);

	host_lock(&lock);
	if (again == HRTIMER_RESTART && !kshim_hrtimer_queued(timer))
		kshim_hrtimer_enqueue(timer);
	timer->base->running = NULL;
	host_unlock(&lock);
}

/* --- expiry --- */

static struct hrtimer *first_hrtimer(u64 *ns)
{
	struct hrtimer *first = NULL, *timer;
	unsigned int i;
	s64 t;

	*ns = U64_MAX;
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		timer = kshim_hrtimer_first(&bases[i]);
		if (!timer)
			continue;
		t = max_t(s64, timer->node.expires - base_offset(&bases[i]), 0);
		if ((u64)t < *ns) {
			*ns = t;
			first = timer;
		}
	}
	return first;
}

static u64 first_timer(struct timer_list **timer)
{
	*timer = hlist_entry_safe(timers.first, struct timer_list, entry);
	return *timer ? when(*timer) : U64_MAX;
}

u64 kshim_timers_next(void)
{
	struct timer_list *timer;
	u64 hr, t;

	host_lock(&lock);
	first_hrtimer(&hr);
	t = first_timer(&timer);
	host_unlock(&lock);
	return min(hr, t);
}

u64 kshim_timers_last(void)
{
	struct timer_list *timer;
	struct hrtimer *hrtimer;
	u64 last = kshim_time();
	unsigned int i;
	s64 t;

	host_lock(&lock);
	hlist_for_each_entry(timer, &timers, entry)
		last = max(last, when(timer));
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		hrtimer = kshim_hrtimer_last(&bases[i]);
		if (!hrtimer)
			continue;
		t = hrtimer->node.expires - base_offset(&bases[i]);
		last = max_t(s64, last, t);
	}
	host_unlock(&lock);
	return last;
}

/* Takes what expired first: sets one of the two pointers and makes the other NULL. Returns false if nothing is due. */
static bool take_due(struct timer_list **timer, struct hrtimer **hrtimer)
{
	u64 now = kshim_time(), hr, t;
	bool due;

	host_lock(&lock);
	*hrtimer = first_hrtimer(&hr);
	t = first_timer(timer);
	due = min(hr, t) <= now;
	if (due && t <= hr) {
		*hrtimer = NULL;
		detach(*timer);
		/* Orders nothing: who asks for the timer has held the lock after this. */
		__atomic_store_n(&current_timer, *timer, __ATOMIC_RELAXED);
	} else if (due) {
		*timer = NULL;
		dequeue(*hrtimer);
		(*hrtimer)->base->running = *hrtimer;
	}
	host_unlock(&lock);
	return due;
}

unsigned int kshim_timers_run(void)
{
	struct hrtimer *hrtimer;
	struct timer_list *timer;
	struct kshim_softirq s;
	unsigned int n = 0;

	if (kshim_timers_next() > kshim_time() || !kshim_softirq_enter(&s, false))
		return 0;
	for (; n < 100000 && take_due(&timer, &hrtimer); n++) {
		if (timer) {
			run_timer(timer);
			/* Pairs with the acquire in not_running(). */
			__atomic_store_n(&current_timer, NULL, __ATOMIC_RELEASE);
		} else if (hrtimer->is_soft) {
			run_hard(hrtimer);
		} else {
			kshim_interrupt(kshim_cpu, run_hard, hrtimer);
		}
	}
	kshim_softirq_exit(&s);
	return n;
}

static int validate(void)
{
	struct timer_list *t, *last = NULL;
	struct hrtimer *hrtimer;
	unsigned int i;
	int bad = 0;

	host_lock(&lock);
	hlist_for_each_entry(t, &timers, entry) {
		bad += !t->function || (last && time_after(last->expires, t->expires));
		last = t;
	}
	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (hrtimer = kshim_hrtimer_first(&bases[i]); hrtimer; hrtimer = kshim_hrtimer_next(hrtimer))
			bad += !kshim_hrtimer_queued(hrtimer);
	host_unlock(&lock);
	if (bad)
		host_check("scheduling", "timers: %d are inconsistent", bad);
	return bad;
}

/* --- rounding --- */

/* Like round_jiffies_common() for CPU 0: rounds to a whole second, up unless just past one. */
static unsigned long round_common(unsigned long j, bool up)
{
	unsigned long rem = j % HZ;
	unsigned long rounded = rem < HZ / 4 && !up ? j - rem : j - rem + HZ;

	return time_is_after_jiffies(rounded) ? rounded : j;
}

FAITHFUL(round_jiffies, "kernel/time/timer.c kernel/time/timer.c:round_jiffies_common");
unsigned long round_jiffies(unsigned long j)
{
	return round_common(j, false);
}

FAITHFUL(round_jiffies_relative, "kernel/time/timer.c kernel/time/timer.c:__round_jiffies_relative");
unsigned long round_jiffies_relative(unsigned long j)
{
	unsigned long now = jiffies;

	return round_common(j + now, false) - now;
}

FAITHFUL(round_jiffies_up, "kernel/time/timer.c kernel/time/timer.c:round_jiffies_common");
unsigned long round_jiffies_up(unsigned long j)
{
	return round_common(j, true);
}

static bool run_due(void)
{
	return kshim_timers_run() != 0;
}

static bool any_pending(void)
{
	return kshim_timers_next() != U64_MAX;
}

void kshim_timers_boot(void)
{
	static const struct kshim_idle_source source = {
		.name = "timers", .run = run_due, .pending = any_pending, .validate = validate,
	};

	kshim_idle_register(&source);
}
