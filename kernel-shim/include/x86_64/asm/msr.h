/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's asm/msr.h on the model's registers of the simulated CPU. It includes the header as a paravirtualised kernel
 * does, which supplies rdmsr() and its relatives itself. The header's native_*() functions remain unused.
 */
#ifndef KSHIM_ASM_MSR_H
#define KSHIM_ASM_MSR_H

#ifdef __ASSEMBLER__
#include_next <asm/msr.h>
#else

#include <linux/errno.h>
#include <linux/types.h>
#include <asm/paravirt.h>

/* This CPU's model-specific registers. 0, or -EIO where the instruction raises #GP. A failed read sets *val to 0. */
int kshim_rdmsr(u32 msr, u64 *val);
int kshim_wrmsr(u32 msr, u64 val);
/* Time-stamp counter: virtual time, the same on all CPUs. */
u64 kshim_rdtsc(void);
u64 kshim_rdpmc(int counter);

#include <kshim/form/x86_msr_q.h>

#define CONFIG_PARAVIRT_XXL 1
#define rdtsc		__unused_rdtsc
#define rdtsc_ordered	__unused_rdtsc_ordered
#define wrmsrns		__unused_wrmsrns
#include_next <asm/msr.h>
#undef CONFIG_PARAVIRT_XXL
#undef rdtsc
#undef rdtsc_ordered
#undef wrmsrns

#include <linux/bug.h>

/* Like the kernel's ex_handler_msr(): an access without a handler warns once per place and reads 0. */
static inline u64 kshim_rdmsr_or_warn(u32 msr)
{
	u64 val = 0;

	WARN_ONCE(kshim_rdmsr(msr, &val), "unchecked MSR access error: RDMSR from 0x%x\n", msr);
	return val;
}

static inline void kshim_wrmsr_or_warn(u32 msr, u64 val)
{
	WARN_ONCE(kshim_wrmsr(msr, val), "unchecked MSR access error: WRMSR to 0x%x\n", msr);
}

static __always_inline void wrmsr(u32 msr, u32 low, u32 high)
{
	kshim_wrmsr_or_warn(msr, (u64)high << 32 | low);
}

static __always_inline void wrmsrns(u32 msr, u64 val)
{
	kshim_wrmsr_or_warn(msr, val);
}

#define rdmsr(msr, low, high) do {		\
	u64 __val = kshim_rdmsr_or_warn(msr);	\
						\
	(low) = lower_32_bits(__val);		\
	(high) = upper_32_bits(__val);		\
} while (0)

#define rdmsr_safe(msr, low, high) ({		\
	u64 __val;				\
	int __err = kshim_rdmsr(msr, &__val);	\
						\
	*(low) = lower_32_bits(__val);		\
	*(high) = upper_32_bits(__val);		\
	__err;					\
})

static __always_inline u64 rdtsc_ordered(void)
{
	return kshim_rdtsc();
}

static __always_inline u64 rdtsc(void)
{
	return kshim_rdtsc();
}

#endif
#endif
