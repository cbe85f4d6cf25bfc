/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/msr.h on the model's registers of the simulated CPU: no host instruction is executed. */
#ifndef _ASM_X86_MSR_H
#define _ASM_X86_MSR_H

#include <asm/msr-index.h>

#ifndef __ASSEMBLY__

#include <kshim/form/x86_msr_percpu.h>
#include <linux/errno.h>
#include <linux/tracepoint-defs.h>
#include <asm/asm.h>
#include <asm/atomic.h>
#include <asm/cpumask.h>
#include <asm/errno.h>
#include <uapi/asm/msr.h>
#include <asm/shared/msr.h>

/* This CPU's model-specific registers. 0, or -EIO where the instruction raises #GP. A failed read sets *val to 0. */
int kshim_rdmsr(u32 msr, u64 *val);
int kshim_wrmsr(u32 msr, u64 val);
/* Time-stamp counter: virtual time, the same on all CPUs. */
u64 kshim_rdtsc(void);
u64 kshim_rdpmc(int counter);

struct msr_info {
	u32			msr_no;
	struct msr		reg;
	struct msr __percpu	*msrs;
	int			err;
};

struct msr_regs_info {
	u32			*regs;
	int			err;
};

struct saved_msr {
	bool			valid;
	struct msr_info		info;
};

struct saved_msrs {
	unsigned int		num;
	struct saved_msr	*array;
};

static inline u64 native_read_msr_safe(u32 msr, int *err)
{
	u64 val = 0;

	*err = kshim_rdmsr(msr, &val);
	return val;
}

/* Like the kernel's ex_handler_msr(): an access without a handler warns once per place and reads 0. */
static inline u64 native_read_msr(u32 msr)
{
	u64 val = 0;

	WARN_ONCE(kshim_rdmsr(msr, &val), "unchecked MSR access error: RDMSR from 0x%x\n", msr);
	return val;
}

static inline int native_write_msr_safe(u32 msr, u32 low, u32 high)
{
	return kshim_wrmsr(msr, (u64)high << 32 | low);
}

static inline void native_write_msr(u32 msr, u32 low, u32 high)
{
	WARN_ONCE(native_write_msr_safe(msr, low, high), "unchecked MSR access error: WRMSR to 0x%x\n", msr);
}

#define __rdmsr(msr)			native_read_msr(msr)
#define __wrmsr(msr, low, high)		native_write_msr(msr, low, high)
#define native_wrmsr(msr, low, high)	native_write_msr(msr, low, high)
#define native_wrmsrl(msr, val)		wrmsrl(msr, val)
#define native_rdmsr(msr, low, high)	rdmsr(msr, low, high)

#define rdmsrl(msr, val)		((val) = native_read_msr(msr))

#define rdmsr(msr, low, high)							\
do {										\
	u64 __val = native_read_msr(msr);					\
	(void)((low) = (u32)__val);						\
	(void)((high) = (u32)(__val >> 32));					\
} while (0)

#define rdmsr_safe(msr, low, high)						\
({										\
	int __err;								\
	u64 __val = native_read_msr_safe((msr), &__err);			\
	(*low) = (u32)__val;							\
	(*high) = (u32)(__val >> 32);						\
	__err;									\
})

static inline int rdmsrl_safe(u32 msr, unsigned long long *p)
{
	int err;

	*p = native_read_msr_safe(msr, &err);
	return err;
}

static inline void wrmsr(u32 msr, u32 low, u32 high)
{
	native_write_msr(msr, low, high);
}

static inline void wrmsrl(u32 msr, u64 val)
{
	native_write_msr(msr, (u32)val, (u32)(val >> 32));
}

static inline void wrmsrns(u32 msr, u64 val)
{
	wrmsrl(msr, val);
}

static inline int wrmsr_safe(u32 msr, u32 low, u32 high)
{
	return native_write_msr_safe(msr, low, high);
}

static inline int wrmsrl_safe(u32 msr, u64 val)
{
	return kshim_wrmsr(msr, val);
}

static __always_inline unsigned long long rdtsc(void)
{
	return kshim_rdtsc();
}

static __always_inline unsigned long long rdtsc_ordered(void)
{
	return kshim_rdtsc();
}

#define native_read_pmc(counter)	kshim_rdpmc(counter)
#define rdpmcl(counter, val)		((val) = kshim_rdpmc(counter))

int rdmsr_safe_regs(u32 regs[8]);
int wrmsr_safe_regs(u32 regs[8]);
struct msr __percpu *msrs_alloc(void);
void msrs_free(struct msr __percpu *msrs);
int msr_set_bit(u32 msr, u8 bit);
int msr_clear_bit(u32 msr, u8 bit);

int rdmsr_on_cpu(unsigned int cpu, u32 msr_no, u32 *l, u32 *h);
int wrmsr_on_cpu(unsigned int cpu, u32 msr_no, u32 l, u32 h);
int rdmsrl_on_cpu(unsigned int cpu, u32 msr_no, u64 *q);
int wrmsrl_on_cpu(unsigned int cpu, u32 msr_no, u64 q);
int rdmsr_safe_on_cpu(unsigned int cpu, u32 msr_no, u32 *l, u32 *h);
int wrmsr_safe_on_cpu(unsigned int cpu, u32 msr_no, u32 l, u32 h);
int rdmsrl_safe_on_cpu(unsigned int cpu, u32 msr_no, u64 *q);
int wrmsrl_safe_on_cpu(unsigned int cpu, u32 msr_no, u64 q);
int rdmsr_safe_regs_on_cpu(unsigned int cpu, u32 regs[8]);
int wrmsr_safe_regs_on_cpu(unsigned int cpu, u32 regs[8]);

#endif
#endif
