// SPDX-License-Identifier: GPL-2.0-only
/* A table of sysctl variables ended with an empty entry (fs/proc/proc_sysctl.c). */
#include <linux/init.h>
#include <linux/sysctl.h>

/* Its mark is in core/fs/device.c. */
void __init __register_sysctl_init(const char *path, struct ctl_table *table, const char *table_name)
{
}
