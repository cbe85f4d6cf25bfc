/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/gsseg.h: user segment registers are not simulated, and the host's %gs is left alone. */
#ifndef _ASM_X86_GSSEG_H
#define _ASM_X86_GSSEG_H

#include <asm/processor.h>

static inline void load_gs_index(unsigned int selector)
{
}

#endif
