// SPDX-License-Identifier: GPL-2.0-only
/* Mitigations could not be left out, only switched off at boot (kernel/cpu.c): that is how the machine is booted. */
#include <linux/cpu.h>
#include <kshim/marks.h>

FAITHFUL(cpu_mitigations_off, "kernel/cpu.c");
bool cpu_mitigations_off(void)
{
	return true;
}
