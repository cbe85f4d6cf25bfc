// SPDX-License-Identifier: GPL-2.0-only
/* What arch/x86/kernel/tsc.c reports about the time-stamp counter. */
#include <linux/pvclock_gtod.h>
#include <asm/tsc.h>
#include <kshim/marks.h>
#include <x86_64/cpu.h>

FAITHFUL(tsc_khz, "arch/x86/kernel/tsc.c");
unsigned int tsc_khz = MODEL_TSC_KHZ;
FAITHFUL(cpu_khz, "arch/x86/kernel/tsc.c");
unsigned int cpu_khz = MODEL_TSC_KHZ;

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
INERT_ZERO(pvclock_gtod_register_notifier, "kernel/time/timekeeping.c",
	   "the timekeeper never changes its clock source");
INERT_ZERO(pvclock_gtod_unregister_notifier, "kernel/time/timekeeping.c", "like pvclock_gtod_register_notifier");
