// SPDX-License-Identifier: GPL-2.0-only
/* The trace events of errors of the hardware, which drivers/ras/ras.c creates in the kernel. */
#include <linux/kconfig.h>

#ifdef CONFIG_RAS
#define CREATE_TRACE_POINTS
#define TRACE_INCLUDE_PATH ../../include/ras
#include <linux/ras.h>
#include <ras/ras_event.h>
#endif
