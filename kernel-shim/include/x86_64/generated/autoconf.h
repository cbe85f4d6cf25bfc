/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of x86_64 that differ from the configured kernel's. */
#include_next <generated/autoconf.h>

/* PAGE_OFFSET and VMALLOC_START are variables: simulated RAM lies where the host has room. */
#define CONFIG_DYNAMIC_MEMORY_LAYOUT 1

/* Per-CPU data is found through kshim_cpu_offset, not through %gs. */
#undef CONFIG_USE_X86_SEG_SUPPORT
#undef CONFIG_CC_HAS_NAMED_AS

/* Locks are the shim's: asm/spinlock.h. */
#undef CONFIG_QUEUED_SPINLOCKS
#undef CONFIG_QUEUED_RWLOCKS
