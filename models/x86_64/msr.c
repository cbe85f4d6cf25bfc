// SPDX-License-Identifier: GPL-2.0-only
/* Privileged registers of the simulated processors: MSRs, control, debug and extended control registers, per CPU. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/apicdef.h>
#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include "cpu.h"

#define NR_MSRS 20
#define PAT_AT_RESET 0x0007040600070406ULL

struct registers {
	struct { u32 index; u64 value; } msr[NR_MSRS];	/* index 0 ends it */
	unsigned long cr[5], dr[8];
	u64 xcr0;
};
static DEFINE_PER_CPU(struct registers, registers);

/* The registers that exist, with the values that a booted Linux leaves in them. KVM reads the first at each entry. */
static const struct { u32 index; u64 value; } at_boot[] = {
	{ MSR_IA32_DEBUGCTLMSR, 0 },
	{ MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NX },
	{ MSR_IA32_CR_PAT, PAT_AT_RESET },
	{ MSR_IA32_APICBASE, APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE },
	{ MSR_STAR, 0x0023001000000000ULL },
	{ MSR_LSTAR, 0 }, { MSR_CSTAR, 0 }, { MSR_SYSCALL_MASK, 0x47700 },
	{ MSR_FS_BASE, 0 }, { MSR_GS_BASE, 0 }, { MSR_KERNEL_GS_BASE, 0 },
	{ MSR_IA32_SYSENTER_CS, 0 }, { MSR_IA32_SYSENTER_ESP, 0 }, { MSR_IA32_SYSENTER_EIP, 0 },
	{ MSR_IA32_MISC_ENABLE, MSR_IA32_MISC_ENABLE_FAST_STRING },
	{ MSR_IA32_MCG_CAP, 0 },
	{ MSR_MTRRcap, 0 },
};

void x86_cpu_boot(unsigned int cpu)
{
	struct registers *r = per_cpu_ptr(&registers, cpu);
	unsigned int i;

	BUILD_BUG_ON(ARRAY_SIZE(at_boot) > NR_MSRS);
	for (i = 0; i < ARRAY_SIZE(at_boot); i++) {
		r->msr[i].index = at_boot[i].index;
		r->msr[i].value = at_boot[i].value;
	}
	r->cr[0] = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;
	r->cr[4] = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_MCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |
		   X86_CR4_SMEP | X86_CR4_SMAP;
	r->dr[6] = 0xffff0ff0;
	r->dr[7] = 0x400;
	r->xcr0 = 3;
}

static u64 *find_msr(u32 msr)
{
	struct registers *r = raw_cpu_ptr(&registers);
	unsigned int i;

	for (i = 0; i < NR_MSRS && r->msr[i].index; i++) {
		if (r->msr[i].index == msr)
			return &r->msr[i].value;
	}
	return NULL;
}

/* The time-stamp counter is virtual time. */
u64 kshim_rdtsc(void)
{
	return ktime_get_ns();
}

int kshim_rdmsr(u32 msr, u64 *val)
{
	u64 *p = find_msr(msr);

	*val = 0;
	if (msr == MSR_IA32_TSC) {
		*val = kshim_rdtsc();
		return 0;
	}
	if (!p)
		return -EIO;
	*val = *p;
	return 0;
}

int kshim_wrmsr(u32 msr, u64 val)
{
	u64 *p = find_msr(msr);

	if (!p)
		return -EIO;
	*p = val;
	return 0;
}

u64 kshim_rdpmc(int counter)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "the simulated processor has no performance counter %d (RDPMC)", counter);
}

unsigned long kshim_read_cr(unsigned int nr)
{
	return raw_cpu_ptr(&registers)->cr[nr];
}

void kshim_write_cr(unsigned int nr, unsigned long val)
{
	raw_cpu_ptr(&registers)->cr[nr] = val;
}

unsigned long kshim_read_dr(int nr)
{
	return raw_cpu_ptr(&registers)->dr[nr];
}

void kshim_write_dr(int nr, unsigned long val)
{
	raw_cpu_ptr(&registers)->dr[nr] = val;
}

u64 kshim_xgetbv(u32 index)
{
	return index ? 0 : raw_cpu_ptr(&registers)->xcr0;
}

void kshim_xsetbv(u32 index, u64 value)
{
	if (!index)
		raw_cpu_ptr(&registers)->xcr0 = value;
}
