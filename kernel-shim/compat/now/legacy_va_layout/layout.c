// SPDX-License-Identifier: GPL-2.0-only
/* A switch of kernel/sysctl.c; later kernels have it in mm/mmap.c. */
#include <linux/mm.h>
#include <kshim/marks.h>

FAITHFUL(sysctl_legacy_va_layout, "kernel/sysctl.c");
int sysctl_legacy_va_layout;
