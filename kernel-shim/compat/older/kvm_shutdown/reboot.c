// SPDX-License-Identifier: GPL-2.0-only
/* KVM registered a notifier for reboots (kernel/reboot.c). */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <kshim/marks.h>

INERT(register_reboot_notifier, "kernel/reboot.c", "the machine does not reboot");
int register_reboot_notifier(struct notifier_block *nb)
{
	return 0;
}

INERT(unregister_reboot_notifier, "kernel/reboot.c", "like register_reboot_notifier");
int unregister_reboot_notifier(struct notifier_block *nb)
{
	return 0;
}
