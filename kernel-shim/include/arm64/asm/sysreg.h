/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/sysreg.h on the registers of the simulated CPU: models/arm64/sysreg.c. */
#include_next <asm/sysreg.h>

#if !defined(KSHIM_ARM64_SYSREG_H) && !defined(__ASSEMBLY__)
#define KSHIM_ARM64_SYSREG_H

#include <linux/stringify.h>
#include <kshim/insn.h>

#undef read_sysreg
#define read_sysreg(r)	({					\
	static u16 kshim_cache_;				\
								\
	kshim_mrs(&kshim_cache_, __stringify(r));		\
})
#undef write_sysreg
#define write_sysreg(v, r) do {					\
	static u16 kshim_cache_;				\
								\
	kshim_msr(&kshim_cache_, __stringify(r), (u64)(v));	\
} while (0)
#undef read_sysreg_s
#define read_sysreg_s(r)	kshim_mrs_s((r), #r)
#undef write_sysreg_s
#define write_sysreg_s(v, r)	kshim_msr_s((r), #r, (u64)(v))
/* Newer kernels write this one with the barriers that an erratum needs. */
#ifdef write_sysreg_hcr
#undef write_sysreg_hcr
#define write_sysreg_hcr(v)	write_sysreg(v, hcr_el2)
#endif

#endif
