/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/pgtable_64_types.h with the vmalloc area sized as in kshim/layout.h: no host address lies in it. */
#include_next <asm/pgtable_64_types.h>

#include <kshim/layout.h>

#undef VMEMORY_END
#define VMEMORY_END	(VMALLOC_START + KSHIM_VMALLOC_SIZE - 1)
