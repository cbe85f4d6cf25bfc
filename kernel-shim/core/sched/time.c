// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual time (kernel/time/timekeeping.c): one count of nanoseconds since boot, from which every clock is derived.
 *
 * Time advances when the scenario says so, when every thread sleeps and a timer is next, by the length of each delay,
 * by STEP_NS at the end of each step, by READ_NS at each reading, and while kernel code waits busily
 * (kshim_cpu_relax()), so that loops with a deadline end. With threads outside of the simulator it passes in ticks, at
 * the host's speed, while all others wait (kshim_tick()).
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched/clock.h>
#include <linux/timekeeping.h>
#include "internal.h"

#define READ_NS 100
#define EPOCH 1704067200LL	/* wall-clock time at boot, seconds: 2024-01-01 00:00:00 UTC */

FAITHFUL(jiffies_64, "kernel/time/timer.c");
u64 jiffies_64 = INITIAL_JIFFIES;
FAITHFUL(jiffies, "-");
extern unsigned long volatile jiffies __attribute__((alias("jiffies_64")));
REDUCED(loops_per_jiffy, "init/main.c", "delays do not loop");
unsigned long loops_per_jiffy = 4000000;
REDUCED(timekeeping_suspended, "kernel/time/timekeeping.c", "0: the machine is never suspended");
int timekeeping_suspended;

static u64 now;			/* ns since boot */
static struct host_lock lock;	/* guards jiffies_64 */

u64 kshim_time(void)
{
	/* Pairs with pass() and kshim_time_set(): a thread that sees a time sees what was done before it. */
	return __atomic_load_n(&now, __ATOMIC_ACQUIRE);
}

static void set_jiffies(u64 ns)
{
	u64 j = INITIAL_JIFFIES + div_u64(ns, TICK_NSEC);

	if (j == READ_ONCE(jiffies_64))
		return;
	host_lock(&lock);
	if (time_after64(j, jiffies_64))
		WRITE_ONCE(jiffies_64, j);
	host_unlock(&lock);
}

static u64 pass(u64 ns)
{
	/* Its release pairs with the acquire in kshim_time(). */
	u64 t = __atomic_add_fetch(&now, ns, __ATOMIC_ACQ_REL);

	set_jiffies(t);
	return t;
}

void kshim_time_pass(u64 ns)
{
	pass(ns);
}

void kshim_time_set(u64 ns)
{
	u64 t = kshim_time();

	/* Its release pairs with the acquire in kshim_time(). */
	while (t < ns && !__atomic_compare_exchange_n(&now, &t, ns, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	set_jiffies(max(t, ns));
}

/* Every timer up to then runs at its own time. */
void kshim_advance_time(uint64_t ns)
{
	u64 end = kshim_time() + ns;

	if (end < ns)
		end = U64_MAX - 1;
	while (kshim_timers_next() <= end) {
		kshim_time_set(kshim_timers_next());
		if (!kshim_timers_run())
			break;
	}
	kshim_time_set(end);
	kshim_step_end();
}

/* --- clocks --- */

static s64 offset_of(enum tk_offsets offs)
{
	switch (offs) {
	case TK_OFFS_REAL:
		return EPOCH * NSEC_PER_SEC;
	case TK_OFFS_TAI:
		return (EPOCH + 37) * NSEC_PER_SEC;
	default:
		return 0;
	}
}

FAITHFUL(ktime_get, "kernel/time/timekeeping.c");
ktime_t ktime_get(void)
{
	return pass(READ_NS);
}

FAITHFUL(ktime_get_raw, "kernel/time/timekeeping.c");
ktime_t ktime_get_raw(void)
{
	return pass(READ_NS);
}

FAITHFUL(ktime_get_mono_fast_ns, "kernel/time/timekeeping.c");
u64 ktime_get_mono_fast_ns(void)
{
	return pass(READ_NS);
}

FAITHFUL(ktime_get_boot_fast_ns, "kernel/time/timekeeping.c");
u64 ktime_get_boot_fast_ns(void)
{
	return pass(READ_NS);
}

FAITHFUL(ktime_get_real_fast_ns, "kernel/time/timekeeping.c");
u64 ktime_get_real_fast_ns(void)
{
	return pass(READ_NS) + offset_of(TK_OFFS_REAL);
}

FAITHFUL(ktime_get_with_offset, "kernel/time/timekeeping.c");
ktime_t ktime_get_with_offset(enum tk_offsets offs)
{
	return pass(READ_NS) + offset_of(offs);
}

FAITHFUL(ktime_get_coarse_with_offset, "kernel/time/timekeeping.c");
ktime_t ktime_get_coarse_with_offset(enum tk_offsets offs)
{
	return rounddown(kshim_time(), TICK_NSEC) + offset_of(offs);
}

FAITHFUL(ktime_mono_to_any, "kernel/time/timekeeping.c");
ktime_t ktime_mono_to_any(ktime_t tmono, enum tk_offsets offs)
{
	return tmono + offset_of(offs);
}

FAITHFUL(ktime_get_resolution_ns, "kernel/time/timekeeping.c");
u32 ktime_get_resolution_ns(void)
{
	return 1;
}

FAITHFUL(ktime_get_ts64, "kernel/time/timekeeping.c");
void ktime_get_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(pass(READ_NS));
}

FAITHFUL(ktime_get_raw_ts64, "kernel/time/timekeeping.c");
void ktime_get_raw_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(pass(READ_NS));
}

FAITHFUL(ktime_get_real_ts64, "kernel/time/timekeeping.c");
void ktime_get_real_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(pass(READ_NS) + offset_of(TK_OFFS_REAL));
}

FAITHFUL(ktime_get_coarse_ts64, "kernel/time/timekeeping.c");
void ktime_get_coarse_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(rounddown(kshim_time(), TICK_NSEC));
}

FAITHFUL(ktime_get_coarse_real_ts64, "kernel/time/timekeeping.c");
void ktime_get_coarse_real_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(rounddown(kshim_time(), TICK_NSEC) + offset_of(TK_OFFS_REAL));
}

FAITHFUL(ktime_get_seconds, "kernel/time/timekeeping.c");
time64_t ktime_get_seconds(void)
{
	return div_u64(kshim_time(), NSEC_PER_SEC);
}

FAITHFUL(ktime_get_real_seconds, "kernel/time/timekeeping.c");
time64_t ktime_get_real_seconds(void)
{
	return div_u64(kshim_time(), NSEC_PER_SEC) + EPOCH;
}

FAITHFUL(getboottime64, "kernel/time/timekeeping.c");
void getboottime64(struct timespec64 *ts)
{
	*ts = (struct timespec64){ .tv_sec = EPOCH };
}

FAITHFUL(sched_clock, "arch/x86/kernel/tsc.c arch/s390/kernel/time.c kernel/time/sched_clock.c");
u64 sched_clock(void)
{
	return kshim_time();
}

FAITHFUL(sched_clock_noinstr, "arch/x86/kernel/tsc.c arch/s390/kernel/time.c kernel/time/sched_clock.c");
u64 sched_clock_noinstr(void)
{
	return kshim_time();
}

FAITHFUL(sched_clock_cpu, "kernel/sched/clock.c");
u64 sched_clock_cpu(int cpu)
{
	return kshim_time();
}

FAITHFUL(running_clock, "kernel/sched/clock.c");
u64 running_clock(void)
{
	return kshim_time();
}

/* --- delays: time passes, timers stay pending until the step ends --- */

FAITHFUL(__ndelay, "arch/x86/lib/delay.c arch/s390/lib/delay.c arch/arm64/lib/delay.c");
void __ndelay(unsigned long nsecs)
{
	pass(nsecs);
}

FAITHFUL(__udelay, "arch/x86/lib/delay.c arch/s390/lib/delay.c arch/arm64/lib/delay.c");
void __udelay(unsigned long usecs)
{
	pass(usecs * NSEC_PER_USEC);
}

REDUCED(__delay, "arch/x86/lib/delay.c arch/s390/lib/delay.c arch/arm64/lib/delay.c",
	"one loop counts as one nanosecond");
void __delay(unsigned long loops)
{
	pass(loops);
}

REDUCED(__const_udelay, "arch/x86/lib/delay.c", "the argument is microseconds * 2^32 / 10^6, as the macros give it");
void __const_udelay(unsigned long xloops)
{
	pass((xloops * 1000000UL >> 32) * NSEC_PER_USEC);
}
