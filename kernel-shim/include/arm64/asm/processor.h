/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/processor.h. User space ends at 16 TiB in all builds, below all host addresses of kernel code. */
#include_next <asm/processor.h>

#undef DEFAULT_MAP_WINDOW_64
#define DEFAULT_MAP_WINDOW_64	(UL(1) << 44)
#undef TASK_SIZE_64
#define TASK_SIZE_64		(UL(1) << 44)
#undef TASK_SIZE_MAX
#define TASK_SIZE_MAX		(UL(1) << 44)
