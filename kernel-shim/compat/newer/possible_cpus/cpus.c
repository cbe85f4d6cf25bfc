// SPDX-License-Identifier: GPL-2.0-only
/* The number of possible CPUs (kernel/cpu.c). */
#include <linux/cpumask.h>
#include <kshim/form/possible_cpus.h>
#include <kshim/marks.h>

FAITHFUL(__num_possible_cpus, "kernel/cpu.c");
unsigned int __num_possible_cpus;

void kshim_possible_cpus_are(unsigned int n)
{
	__num_possible_cpus = n;
}
