/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/alternative.h without run-time patching: only the original instruction, without a table entry. */
#include_next <asm/alternative.h>

#if !defined(KSHIM_ASM_ALTERNATIVE_H) && !defined(__ASSEMBLY__)
#define KSHIM_ASM_ALTERNATIVE_H

#undef LOCK_PREFIX_HERE
#define LOCK_PREFIX_HERE ""
#undef LOCK_PREFIX
#define LOCK_PREFIX "\n\tlock "

#undef ALTERNATIVE
#define ALTERNATIVE(old, new, flags) old "\n"
#undef ALTERNATIVE_2
#define ALTERNATIVE_2(old, new1, flags1, new2, flags2) old "\n"
#undef ALTERNATIVE_3
#define ALTERNATIVE_3(old, new1, flags1, new2, flags2, new3, flags3) old "\n"

#endif
