/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/segment.h: user segment registers are not simulated; they read as null selectors and the host's stay as they are. */
#include_next <asm/segment.h>

#ifndef __ASSEMBLY__

#undef loadsegment
#define loadsegment(seg, value)	((void)(value))
#undef savesegment
#define savesegment(seg, value)	((value) = 0)

#endif
