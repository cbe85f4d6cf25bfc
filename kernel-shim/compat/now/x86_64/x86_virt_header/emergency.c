// SPDX-License-Identifier: GPL-2.0-only
/* What KVM's vendor module registers for a crash of the machine (arch/x86/kernel/reboot.c). */
#include <linux/kernel.h>
#include <asm/reboot.h>
#include <kshim/marks.h>

static cpu_emergency_virt_cb *emergency_callback;

FAITHFUL(cpu_emergency_register_virt_callback, "arch/x86/kernel/reboot.c");
void cpu_emergency_register_virt_callback(cpu_emergency_virt_cb *callback)
{
	WARN_ON_ONCE(emergency_callback);
	emergency_callback = callback;
}

FAITHFUL(cpu_emergency_unregister_virt_callback, "arch/x86/kernel/reboot.c");
void cpu_emergency_unregister_virt_callback(cpu_emergency_virt_cb *callback)
{
	WARN_ON_ONCE(emergency_callback != callback);
	emergency_callback = NULL;
}
