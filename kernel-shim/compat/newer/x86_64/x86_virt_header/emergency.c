// SPDX-License-Identifier: GPL-2.0-only
/* What KVM's vendor module registers for a crash of the machine (arch/x86/virt/hw.c). */
#include <linux/kernel.h>
#include <asm/virt.h>
#include <kshim/marks.h>

static cpu_emergency_virt_cb *emergency_callback;

FAITHFUL(x86_virt_register_emergency_callback, "arch/x86/virt/hw.c");
void x86_virt_register_emergency_callback(cpu_emergency_virt_cb *callback)
{
	WARN_ON_ONCE(emergency_callback);
	emergency_callback = callback;
}

FAITHFUL(x86_virt_unregister_emergency_callback, "arch/x86/virt/hw.c");
void x86_virt_unregister_emergency_callback(cpu_emergency_virt_cb *callback)
{
	WARN_ON_ONCE(emergency_callback != callback);
	emergency_callback = NULL;
}

FAITHFUL(virt_rebooting, "arch/x86/virt/hw.c");
bool virt_rebooting;
