/* SPDX-License-Identifier: GPL-2.0-only */
/* The configured kernel's options, without those that no simulated machine has: sparse memory and code patching. */
#include_next <generated/autoconf.h>

/* One mem_map array for all of simulated RAM. */
#undef CONFIG_SPARSEMEM
#undef CONFIG_SPARSEMEM_VMEMMAP
#undef CONFIG_SPARSEMEM_EXTREME
#undef CONFIG_SPARSEMEM_MANUAL
#undef CONFIG_SPARSEMEM_VMEMMAP_ENABLE
#undef CONFIG_SPARSEMEM_VMEMMAP_PREINIT
#define CONFIG_FLATMEM 1

/* kvfree_rcu() frees like call_rcu(): one object at a time, after its own grace period. */
#undef CONFIG_KVFREE_RCU_BATCHED

/* Static keys and static calls become plain variables. */
#undef CONFIG_JUMP_LABEL
#undef CONFIG_HAVE_STATIC_CALL
#undef CONFIG_HAVE_STATIC_CALL_INLINE
