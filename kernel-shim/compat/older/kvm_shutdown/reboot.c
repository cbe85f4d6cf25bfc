// SPDX-License-Identifier: GPL-2.0-only
/* KVM registered a notifier for reboots (kernel/reboot.c). */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <kshim/marks.h>

INERT_ZERO(register_reboot_notifier, "kernel/reboot.c", "the machine does not reboot");
INERT_ZERO(unregister_reboot_notifier, "kernel/reboot.c", "like register_reboot_notifier");
