/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/page_64_types.h. User space ends at 16 TiB in all builds, below all host addresses of kernel code. */
#include_next <asm/page_64_types.h>

#undef TASK_SIZE_MAX
#define TASK_SIZE_MAX		(_AC(1, UL) << 44)
#undef DEFAULT_MAP_WINDOW
#define DEFAULT_MAP_WINDOW	TASK_SIZE_MAX
