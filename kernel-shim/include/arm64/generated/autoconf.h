/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of arm64 that differ from the configured kernel's. */
#include_next <generated/autoconf.h>

/* Strings are compared byte by byte: a word that leads into a page without memory would need an exception table. */
#undef CONFIG_DCACHE_WORD_ACCESS

/* Locks are the shim's own: asm/spinlock_types.h. */
#undef CONFIG_QUEUED_SPINLOCKS
#undef CONFIG_QUEUED_RWLOCKS

/* No device tree describes clocks. */
#undef CONFIG_COMMON_CLK
