/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/debugreg.h on the model's debug registers. */
#ifndef KSHIM_ASM_DEBUGREG_H
#define KSHIM_ASM_DEBUGREG_H

#define native_get_debugreg __unused_native_get_debugreg
#define native_set_debugreg __unused_native_set_debugreg
#include_next <asm/debugreg.h>
#undef native_get_debugreg
#undef native_set_debugreg

/* Debug register nr (0..3, 6 or 7) of this CPU. */
unsigned long kshim_read_dr(int nr);
void kshim_write_dr(int nr, unsigned long val);

#define native_get_debugreg(nr)		kshim_read_dr(nr)
#define native_set_debugreg(nr, val)	kshim_write_dr(nr, val)

#endif
