/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/segment.h without user segment registers. They read as null selectors; the host's are not touched. */
#include_next <asm/segment.h>

#ifndef __ASSEMBLY__

#undef loadsegment
#define loadsegment(seg, value)	((void)(value))
#undef savesegment
#define savesegment(seg, value)	((value) = 0)

#endif
