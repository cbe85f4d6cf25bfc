/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/special_insns.h, which had load_gs_index(): user segment registers are not simulated. */
#include_next <asm/special_insns.h>

#ifndef KSHIM_LOAD_GS_INDEX
#define KSHIM_LOAD_GS_INDEX

static inline void load_gs_index(unsigned int selector)
{
}

#endif
