/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/sysreg.h on the registers of the simulated CPU: arch/arm64/sysreg.c. */
#include_next <asm/sysreg.h>

#if !defined(KSHIM_ARM64_SYSREG_H) && !defined(__ASSEMBLY__)
#define KSHIM_ARM64_SYSREG_H

#include <linux/stringify.h>
#include <linux/types.h>

/*
 * MRS and MSR on this CPU's register of this name, as an assembler knows it, or encoding, as sys_reg() makes it. An
 * unknown register, and a write to one that cannot be written, end the scenario with its name.
 */
u64 kshim_mrs(const char *name);
u64 kshim_mrs_s(u32 encoding, const char *name);
void kshim_msr(const char *name, u64 val);
void kshim_msr_s(u32 encoding, const char *name, u64 val);

#undef read_sysreg
#define read_sysreg(r)		kshim_mrs(__stringify(r))
#undef write_sysreg
#define write_sysreg(v, r)	kshim_msr(__stringify(r), (u64)(v))
#undef read_sysreg_s
#define read_sysreg_s(r)	kshim_mrs_s((r), #r)
#undef write_sysreg_s
#define write_sysreg_s(v, r)	kshim_msr_s((r), #r, (u64)(v))

#endif
