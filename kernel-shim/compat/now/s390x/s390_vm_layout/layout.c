// SPDX-License-Identifier: GPL-2.0-only
/* Where the linear mapping and the kernel image are (arch/s390/kernel/setup.c). */
#include <asm/page.h>
#include <kshim/layout.h>
#include <kshim/marks.h>

/* RAM is the linear mapping; the kernel image has no physical address. */
FAITHFUL(vm_layout, "arch/s390/kernel/setup.c");
struct vm_layout vm_layout = { .kaslr_offset = ~0UL, .identity_base = KSHIM_RAM_BASE, .identity_size = KSHIM_RAM_MAX };
