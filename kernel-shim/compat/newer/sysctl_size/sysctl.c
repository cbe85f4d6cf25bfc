// SPDX-License-Identifier: GPL-2.0-only
/* A table of sysctl variables is registered with its size, and constant (fs/proc/proc_sysctl.c). */
#include <linux/init.h>
#include <linux/sysctl.h>

/* Its mark is in core/fs/device.c. */
void __init __register_sysctl_init(const char *path, const struct ctl_table *table, const char *table_name,
				   size_t table_size)
{
}
