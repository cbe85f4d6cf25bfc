/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64's asm/alternative-macros.h with feature tests that read system_cpucaps, which the simulated CPU fills, instead
 * of patched branches. Of instructions with an alternative the first is taken: what is reached has alternatives for
 * errata only, which the simulated CPU does not have.
 */
#ifndef KSHIM_ARM64_ALTERNATIVE_MACROS_H
#define KSHIM_ARM64_ALTERNATIVE_MACROS_H

#define alternative_has_cap_likely	__unused_alternative_has_cap_likely
#define alternative_has_cap_unlikely	__unused_alternative_has_cap_unlikely
#include_next <asm/alternative-macros.h>
#undef alternative_has_cap_likely
#undef alternative_has_cap_unlikely

#ifndef __ASSEMBLY__

#undef ALTERNATIVE
#define ALTERNATIVE(oldinstr, newinstr, ...) oldinstr

extern unsigned long system_cpucaps[];

static __always_inline bool alternative_has_cap_likely(const unsigned long cpucap)
{
	return cpucap_is_possible(cpucap) && (system_cpucaps[cpucap / 64] >> (cpucap % 64) & 1);
}

static __always_inline bool alternative_has_cap_unlikely(const unsigned long cpucap)
{
	return alternative_has_cap_likely(cpucap);
}

#endif
#endif
