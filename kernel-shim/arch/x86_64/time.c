// SPDX-License-Identifier: GPL-2.0-only
/* The time-stamp counter, which is virtual time, and what arch/x86/kernel/tsc.c reports about it. */
#include <linux/pvclock_gtod.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include <kshim/marks.h>
#include "internal.h"

FAITHFUL(tsc_khz, "arch/x86/kernel/tsc.c");
unsigned int tsc_khz = KSHIM_TSC_KHZ;
FAITHFUL(cpu_khz, "arch/x86/kernel/tsc.c");
unsigned int cpu_khz = KSHIM_TSC_KHZ;

u64 kshim_rdtsc(void)
{
	return ktime_get_ns();
}

static bool tsc_unstable;

FAITHFUL(check_tsc_unstable, "arch/x86/kernel/tsc.c");
int check_tsc_unstable(void)
{
	return tsc_unstable;
}

FAITHFUL(mark_tsc_unstable, "arch/x86/kernel/tsc.c");
void mark_tsc_unstable(char *reason)
{
	tsc_unstable = true;
}

/* Virtual time has one clock source that never changes, so there is no update to tell. */
INERT(pvclock_gtod_register_notifier, "kernel/time/timekeeping.c", "the timekeeper never changes its clock source");
int pvclock_gtod_register_notifier(struct notifier_block *nb)
{
	return 0;
}

INERT(pvclock_gtod_unregister_notifier, "kernel/time/timekeeping.c", "as pvclock_gtod_register_notifier");
int pvclock_gtod_unregister_notifier(struct notifier_block *nb)
{
	return 0;
}
