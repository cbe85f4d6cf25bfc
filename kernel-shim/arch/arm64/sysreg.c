// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system registers of the simulated CPUs. All CPUs begin with the same values. A register that describes the
 * machine never changes; the kernel's sanitised copy of it is the register itself.
 */
#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <asm/cpufeature.h>
#include <asm/kvm_arm.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include "internal.h"

struct sysreg {
	const char *name;	/* NULL: only used by its encoding */
	u32 encoding;		/* 0: only used by its name */
	bool fixed;
	u64 reset;
};

/* 48 bits of physical address, 16 of ASID and VMID, pages of 4 KiB, VHE, a GIC with system registers, no AArch32. */
static const struct sysreg sysregs[] = {
	{ "CurrentEL", 0, true, CurrentEL_EL2 },
	{ "ctr_el0", SYS_CTR_EL0, true, 1UL << 31 | 4UL << 24 | 4UL << 20 | 4UL << 16 | 3UL << 14 | 4 },
	{ "midr_el1", SYS_MIDR_EL1, true, 0x410fd0f0 },
	{ "mpidr_el1", SYS_MPIDR_EL1, true, 1UL << 31 },
	{ "revidr_el1", SYS_REVIDR_EL1, true, 0 },
	{ "aidr_el1", SYS_AIDR_EL1, true, 0 },
	{ "cntfrq_el0", SYS_CNTFRQ_EL0, true, 1000000000 },
	{ NULL, SYS_ID_AA64PFR0_EL1, true, 0x01000111 | 1UL << 24 },
	{ NULL, SYS_ID_AA64PFR1_EL1, true, 0 },
	{ NULL, SYS_ID_AA64DFR0_EL1, true, 0x00101006 },
	{ NULL, SYS_ID_AA64DFR1_EL1, true, 0 },
	{ NULL, SYS_ID_AA64ISAR0_EL1, true, 0 },
	{ NULL, SYS_ID_AA64ISAR1_EL1, true, 0 },
	{ NULL, SYS_ID_AA64ISAR2_EL1, true, 0 },
	{ NULL, SYS_ID_AA64MMFR0_EL1, true, 0x00000025 },
	{ NULL, SYS_ID_AA64MMFR1_EL1, true, 0x10000120 },
	{ NULL, SYS_ID_AA64MMFR2_EL1, true, 0 },
	{ NULL, SYS_ID_AA64MMFR3_EL1, true, 0 },
	{ NULL, SYS_ID_AA64MMFR4_EL1, true, 0 },
	{ NULL, SYS_ID_AA64ZFR0_EL1, true, 0 },
	{ "hcr_el2", SYS_HCR_EL2, false, HCR_HOST_VHE_FLAGS },
	{ "vttbr_el2", SYS_VTTBR_EL2, false, 0 },
	{ "vtcr_el2", SYS_VTCR_EL2, false, 0 },
	{ "mdcr_el2", SYS_MDCR_EL2, false, 0 },
	{ "tpidr_el2", SYS_TPIDR_EL2, false, 0 },
	{ "ttbr0_el1", SYS_TTBR0_EL1, false, 0 },
	{ "ttbr1_el1", SYS_TTBR1_EL1, false, 0 },
	{ "tcr_el1", SYS_TCR_EL1, false, 0 },
	{ "sctlr_el1", SYS_SCTLR_EL1, false, 0 },
};

static DEFINE_PER_CPU(u64[ARRAY_SIZE(sysregs)], values);

void kshim_sysreg_boot_cpu(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++)
		(*per_cpu_ptr(&values, cpu))[i] = sysregs[i].reset;
}

static void __noreturn refuse(const char *insn, const char *name, u32 encoding)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "%s of the arm64 register %s (encoding %x), which is not modelled", insn,
		   name, encoding);
}

/* Returns the index of the register in the tables; refuses one that is not there. */
static unsigned int find(const char *insn, u32 encoding, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysregs); i++) {
		if (encoding ? sysregs[i].encoding == encoding : sysregs[i].name && !strcasecmp(sysregs[i].name, name))
			return i;
	}
	refuse(insn, name, encoding);
}

u64 kshim_mrs_s(u32 encoding, const char *name)
{
	return (*raw_cpu_ptr(&values))[find("MRS", encoding, name)];
}

u64 kshim_mrs(const char *name)
{
	return kshim_mrs_s(0, name);
}

void kshim_msr_s(u32 encoding, const char *name, u64 val)
{
	unsigned int i = find("MSR", encoding, name);

	if (sysregs[i].fixed)
		refuse("MSR", name, encoding);
	(*raw_cpu_ptr(&values))[i] = val;
}

void kshim_msr(const char *name, u64 val)
{
	kshim_msr_s(0, name, val);
}

FAITHFUL(read_sanitised_ftr_reg, "arch/arm64/kernel/cpufeature.c");
u64 read_sanitised_ftr_reg(u32 id)
{
	return kshim_mrs_s(id, "of an id");
}

FAITHFUL(this_cpu_has_cap, "arch/arm64/kernel/cpufeature.c");
bool this_cpu_has_cap(unsigned int n)
{
	return cpus_have_cap(n);
}
