// SPDX-License-Identifier: GPL-2.0-only
/*
 * MRS and MSR by a kernel in EL2 with HCR_EL2.E2H: the registers of sysreg.def. Under the names of EL1 such a kernel
 * finds the registers of EL2 (Arm ARM, "System and Special-purpose register redirection").
 */
#include <linux/kernel.h>
#include <linux/irqflags.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <asm/kvm_arm.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>
#include <kshim/host.h>
#include <kshim/insn.h>
#include "cpu.h"
#include "sysreg.h"

struct arm64_sysregs arm64_sysregs[KVMSIM_MAX_CPUS];

enum kind { KIND_ID, KIND_REG, KIND_EL1, KIND_FUNC };

struct sysreg {
	const char *name;
	u32 encoding;
	enum kind kind;
	bool hw;		/* the CPU acts on it */
	unsigned int offset;	/* in struct arm64_cpu or struct arm64_sysregs; KIND_FUNC: none */
	u64 reset;
	u64 (*read)(void);
	void (*write)(u64 val);
};

/* --- computed registers --- */

/* Interrupts that are masked: all, or none but debug exceptions. The shim has the mask of IRQs. */
static u64 read_daif(void)
{
	return kshim_irqs_off ? PSR_I_BIT | PSR_F_BIT : 0;
}

static void write_daif(u64 val)
{
	if (!!(val & PSR_I_BIT) != !!kshim_irqs_off)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "MSR of DAIF with %llx while interrupts are %s", val,
			   kshim_irqs_off ? "off" : "on");
}

/* Virtual time in nanoseconds; a host in EL2 has no offset. */
static u64 read_cntpct_el0(void)
{
	return ktime_get_ns();
}

static void write_cntpct_el0(u64 val)
{
	host_fatal(KVMSIM_OOPS, NULL, 0, "MSR of the counter");
}

#define read_cntvct_el0 read_cntpct_el0
#define write_cntvct_el0 write_cntpct_el0

/* A timer that is switched off. No timer is simulated: one that is on would have to interrupt. */
static u64 read_timer_ctl(void)
{
	return 0;
}

static void write_timer_ctl(u64 val)
{
	if (val & 1)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "a timer of the guest is switched on; timers are not modelled");
}

#define read_cntv_ctl_el0 read_timer_ctl
#define write_cntv_ctl_el0 write_timer_ctl
#define read_cntp_ctl_el0 read_timer_ctl
#define write_cntp_ctl_el0 write_timer_ctl

static const struct sysreg sysregs[] = {
	{ "", 0, KIND_FUNC },	/* number 0 is no register */
#define ID(name, encoding, value) { #name, encoding, KIND_ID, false, offsetof(struct arm64_sysregs, name), value },
#define REG(name, encoding, reset) { #name, encoding, KIND_REG, false, offsetof(struct arm64_sysregs, name), reset },
#define EL1(name, encoding, reset) { #name, encoding, KIND_EL1, false, offsetof(struct arm64_sysregs, name), reset },
#define HW(name, encoding, kind, member, reset) \
	{ #name, encoding, KIND_##kind, true, offsetof(struct arm64_cpu, member), reset },
#define FUNC(name, encoding) { #name, encoding, KIND_FUNC, false, 0, 0, read_##name, write_##name },
#include "sysreg.def"
#undef ID
#undef REG
#undef EL1
#undef HW
#undef FUNC
};

/* The register that an MRS or MSR in EL2 reaches, by bits 20 to 5 of its encoding. 0: none. */
static u16 number[1 << 16];

#define ENCODING_BITS 5
#define OP1(encoding) ((encoding) >> Op1_shift & Op1_mask)

static u32 with_op1(u32 encoding, u32 op1)
{
	return (encoding & ~(Op1_mask << Op1_shift)) | op1 << Op1_shift;
}

/* The encoding under which a host in EL2 finds a register of kind KIND_EL1: that with _EL12, or _EL02. */
static u32 el12(u32 encoding)
{
	return with_op1(encoding, 5);
}

/* The encoding of the register that it finds under the register's own name. */
static u32 el2(u32 encoding)
{
	return encoding == SYS_CPACR_EL1 ? SYS_CPTR_EL2 : with_op1(encoding, 4);
}

static unsigned int by_encoding(u32 encoding)
{
	return number[encoding >> ENCODING_BITS & 0xffff];
}

static void number_registers(void)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(sysregs); i++) {
		u32 encoding = sysregs[i].encoding;

		if (encoding && sysregs[i].kind == KIND_EL1)
			encoding = el12(encoding);
		if (encoding)
			number[encoding >> ENCODING_BITS & 0xffff] = i;
	}
	for (i = 1; i < ARRAY_SIZE(sysregs); i++) {
		u32 encoding = sysregs[i].encoding;

		if (sysregs[i].kind == KIND_EL1)
			number[encoding >> ENCODING_BITS & 0xffff] = by_encoding(el2(encoding));
		else if (sysregs[i].kind == KIND_FUNC && OP1(encoding) == 3)
			number[el12(encoding) >> ENCODING_BITS & 0xffff] = i;
	}
}

static u64 *storage(unsigned int cpu, unsigned int i)
{
	return (u64 *)((sysregs[i].hw ? (char *)&arm64_cpus[cpu] : (char *)&arm64_sysregs[cpu]) + sysregs[i].offset);
}

void arm64_sysregs_reset(unsigned int cpu)
{
	unsigned int i;

	if (!cpu)
		number_registers();
	for (i = 1; i < ARRAY_SIZE(sysregs); i++) {
		if (sysregs[i].kind != KIND_FUNC)
			*storage(cpu, i) = sysregs[i].reset;
	}
	arm64_sysregs[cpu].mpidr_el1 |= cpu;
	arm64_set_ids(&arm64_sysregs[cpu]);
}

static void __noreturn refuse(const char *insn, const char *name, u32 encoding)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "%s of the arm64 register %s (S%u_%u_C%u_C%u_%u), which is not modelled",
		   insn, name, encoding >> Op0_shift & Op0_mask, OP1(encoding), encoding >> CRn_shift & CRn_mask,
		   encoding >> CRm_shift & CRm_mask, encoding >> Op2_shift & Op2_mask);
}

/* ID registers that the architecture has not allocated, or whose features this machine has none of, read as zero. */
static bool is_id(u32 encoding)
{
	return (encoding >> Op0_shift & Op0_mask) == 3 && !OP1(encoding) && !(encoding >> CRn_shift & CRn_mask) &&
	       (encoding >> CRm_shift & CRm_mask);
}

static u64 read(unsigned int cpu, unsigned int i)
{
	return sysregs[i].kind == KIND_FUNC ? sysregs[i].read() : *storage(cpu, i);
}

static void write(unsigned int i, u64 val)
{
	if (sysregs[i].kind == KIND_FUNC)
		sysregs[i].write(val);
	else if (sysregs[i].kind == KIND_ID)
		refuse("MSR", sysregs[i].name, sysregs[i].encoding);
	else if (sysregs[i].hw)
		arm64_write_reg(arm64_this_cpu(), storage(raw_smp_processor_id(), i), val);
	else
		*storage(raw_smp_processor_id(), i) = val;
}

u64 arm64_sysreg_read_id(u32 encoding)
{
	unsigned int i = by_encoding(encoding);

	if (!i && !is_id(encoding))
		refuse("read", "of an ID", encoding);
	return i ? read(0, i) : 0;
}

bool arm64_guest_sysreg(u32 encoding, bool store, uint64_t *value)
{
	unsigned int i = by_encoding(el12(encoding));

	/* With HCR_EL2.E2H the register of EL1 has that name in EL2; other registers have one name everywhere. */
	if (!i || sysregs[i].kind != KIND_EL1 || sysregs[i].encoding != encoding)
		i = by_encoding(encoding);
	if (!i || sysregs[i].encoding != encoding || OP1(encoding) == 4 || (store && sysregs[i].kind == KIND_ID))
		return false;
	if (store)
		write(i, *value);
	else
		*value = read(raw_smp_processor_id(), i);
	return true;
}

/* Finds a register by its name, and keeps its number in the caller's cache. */
static unsigned int by_name(const char *insn, u16 *cache, const char *name)
{
	unsigned int i = __atomic_load_n(cache, __ATOMIC_RELAXED);

	if (i)
		return i;
	for (i = 1; i < ARRAY_SIZE(sysregs); i++) {
		if (!strcasecmp(sysregs[i].name, name))
			break;
	}
	if (i == ARRAY_SIZE(sysregs))
		refuse(insn, name, 0);
	if (sysregs[i].kind == KIND_EL1)
		i = by_encoding(sysregs[i].encoding);
	__atomic_store_n(cache, i, __ATOMIC_RELAXED);
	return i;
}

u64 kshim_mrs(u16 *cache, const char *name)
{
	return read(raw_smp_processor_id(), by_name("MRS", cache, name));
}

void kshim_msr(u16 *cache, const char *name, u64 val)
{
	write(by_name("MSR", cache, name), val);
}

u64 kshim_mrs_s(u32 encoding, const char *name)
{
	unsigned int i = by_encoding(encoding);

	if (!i && !is_id(encoding))
		refuse("MRS", name, encoding);
	return i ? read(raw_smp_processor_id(), i) : 0;
}

void kshim_msr_s(u32 encoding, const char *name, u64 val)
{
	unsigned int i = by_encoding(encoding);

	if (!i)
		refuse("MSR", name, encoding);
	write(i, val);
}

/* "msr daifset, #0xf" masks interrupts. Kernel code does so where the shim has them off. */
void kshim_msr_insn(const char *insn, unsigned long operand)
{
	if (strncmp(insn, "msr\tdaifset, #0xf", 17) || !kshim_irqs_off)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "arm64 instruction %s with interrupts %s, which is not modelled",
			   insn, kshim_irqs_off ? "off" : "on");
}

void kshim_nop(const char *insn, unsigned long operand)
{
}
